/** Turns the text of a setting into its value, or throws a WrongValue that says what would be right. */
export type Check<T> = (text: string) => T

/** Its message completes the sentence "SKYCLAW_X must be …". */
export class WrongValue extends Error {
  override readonly name = 'WrongValue'
}

export function integer(minimum: number, maximum: number): Check<number> {
  return (text) => {
    const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= minimum && value <= maximum)) {
      throw new WrongValue(`a whole number from ${minimum} to ${maximum}`)
    }
    return value
  }
}

export function oneOf<const T extends string>(...values: T[]): Check<T> {
  return (text) => {
    const value = values.find((candidate) => candidate === text)
    if (value === undefined) throw new WrongValue(`one of ${values.join(', ')}`)
    return value
  }
}

/** 0 or 1. */
export const onOff: Check<boolean> = (text) => {
  if (text !== '0' && text !== '1') throw new WrongValue('0 or 1')
  return text === '1'
}

export function matching(pattern: RegExp, description: string): Check<string> {
  return (text) => {
    if (!pattern.test(text)) throw new WrongValue(description)
    return text
  }
}

const idPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/

/** Whether it can be an id at all. */
export function isId(text: string): boolean {
  return idPattern.test(text)
}

/** What the protocol takes as an id. */
export const id = matching(idPattern, 'up to 128 letters, digits and . _ : -, starting with a letter or digit')

/** What may be the name of a variable in a job's environment. */
export const envName = matching(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'the name of a variable: letters, digits and _')

/** What may be the key of a label. */
export const labelKey = matching(
  /^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/,
  'up to 64 letters, digits and . _ / -, starting with a letter or digit',
)

export const idempotencyKey = matching(/^[\x21-\x7e]{1,256}$/, 'up to 256 visible ASCII characters without spaces')

/** A token travels in a header: visible ASCII only. */
export const token = matching(/^[\x21-\x7e]{1,1024}$/, 'up to 1024 visible ASCII characters without spaces')

/** The base URL of a coordinator, without a slash at its end. */
export const url: Check<string> = (text) => {
  const parsed = URL.canParse(text) ? new URL(text) : undefined
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search || parsed.hash || parsed.username) {
    throw new WrongValue('a URL such as http://10.0.0.5:8787')
  }
  return text.replace(/\/+$/, '')
}

export function list<T>(check: Check<T>, maximum: number, minimum = 0): Check<T[]> {
  return (text) => {
    const parts = splitList(text)
    if (parts.length < minimum) throw new WrongValue(`a list of at least ${minimum}`)
    if (parts.length > maximum) throw new WrongValue(`at most ${maximum} entries`)
    return parts.map((part) => {
      try {
        return check(part)
      } catch (error) {
        if (!(error instanceof WrongValue)) throw error
        throw new WrongValue(`${error.message}, or several separated by commas`)
      }
    })
  }
}

/** `key=value,key=value`. */
export const labels: Check<Record<string, string>> = (text) => {
  const entries = splitList(text).map((part) => {
    const [, key, value] = /^([A-Za-z0-9][A-Za-z0-9._/-]{0,63})=(.{0,256})$/s.exec(part) ?? []
    if (key === undefined || value === undefined) throw new WrongValue('a list like zone=attic,disk=fast')
    return [key, value] as const
  })
  return Object.fromEntries(entries)
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
