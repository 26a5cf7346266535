import { limits, redacted } from '@skyclaw/protocol'

/** A secret as bytes, with the lengths of its borders: how much of its beginning is repeated at the end of each beginning. */
interface Needle {
  readonly bytes: Buffer
  readonly borders: Int32Array
}

const replacement = Buffer.from(redacted)

/** Finds the secret values of a job in what it writes and in what is told of it. */
export class Secrets {
  readonly #needles: readonly Needle[]

  constructor(values: Iterable<string>) {
    const forms = new Set([...values].flatMap(formsOf))
    this.#needles = [...forms]
      .map((form) => Buffer.from(form))
      .toSorted((a, b) => b.length - a.length)
      .map((bytes) => ({ bytes, borders: bordersOf(bytes) }))
  }

  get isEmpty(): boolean {
    return this.#needles.length === 0
  }

  /** A stream's redactor. */
  stream(): Redactor {
    return new Redactor(this.#needles)
  }

  /** A text without secrets. */
  text(text: string): string {
    if (this.isEmpty) return text
    const redactor = this.stream()
    const bytes = Buffer.concat([redactor.push(Buffer.from(text)), redactor.end()])
    return bytes.toString('utf8')
  }

  /** A value, all texts within it without secrets. */
  value<T>(value: T): T {
    return this.isEmpty ? value : (this.#deep(value) as T)
  }

  #deep(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.#deep(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [this.text(name), this.#deep(item)]))
  }
}

/**
 * Replaces secrets in a stream of bytes: at each place the longest that begins there. What may be the beginning of a secret is
 * held back until more comes, never more than the longest secret is long.
 */
export class Redactor {
  readonly #needles: readonly Needle[]
  #held: Buffer = Buffer.alloc(0)

  constructor(needles: readonly Needle[]) {
    this.#needles = needles
  }

  /** Takes the next bytes; answers those that are safe to show. */
  push(bytes: Uint8Array): Buffer {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    if (this.#needles.length === 0) return chunk
    return this.#take(this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]), false)
  }

  /** The stream has ended: what was held back. */
  end(): Buffer {
    return this.#take(this.#held, true)
  }

  #take(data: Buffer, last: boolean): Buffer {
    const holdFrom = (from: number) => (last ? data.length : holdPlace(this.#needles, data, from))
    const next = this.#needles.map(({ bytes }) => data.indexOf(bytes))
    const parts: Buffer[] = []
    let done = 0
    let hold = holdFrom(0)
    for (;;) {
      const match = firstMatch(next)
      const at = next[match] ?? -1
      if (at < 0 || at >= hold) break
      parts.push(data.subarray(done, at), replacement)
      done = at + (this.#needles[match]?.bytes.length ?? 1)
      if (done > hold) hold = holdFrom(done)
      this.#needles.forEach(({ bytes }, index) => {
        const place = next[index] ?? -1
        if (place >= 0 && place < done) next[index] = data.indexOf(bytes, done)
      })
    }
    parts.push(data.subarray(done, hold))
    // A copy: the chunk may be large, and is another's now.
    this.#held = Buffer.from(data.subarray(hold))
    return parts.length === 1 ? (parts[0] ?? replacement) : Buffer.concat(parts)
  }
}

/** The secret that is found first; the longest of those at one place, which comes first in the list. */
function firstMatch(places: readonly number[]): number {
  let best = -1
  places.forEach((place, index) => {
    if (place >= 0 && (best < 0 || place < (places[best] ?? 0))) best = index
  })
  return best
}

/** The first place, from `from` on, from which all that is left is the beginning of a secret. */
function holdPlace(needles: readonly Needle[], data: Buffer, from: number): number {
  let place = data.length
  for (const { bytes, borders } of needles) {
    let matched = 0
    for (let at = Math.max(from, data.length - bytes.length + 1); at < data.length; at++) {
      while (matched > 0 && bytes[matched] !== data[at]) matched = borders[matched - 1] ?? 0
      if (bytes[matched] === data[at]) matched += 1
    }
    place = Math.min(place, data.length - matched)
  }
  return place
}

/** As Knuth, Morris and Pratt have it: the length of the longest beginning that is also the end, for each beginning. */
function bordersOf(bytes: Buffer): Int32Array {
  const borders = new Int32Array(bytes.length)
  let matched = 0
  for (let at = 1; at < bytes.length; at++) {
    while (matched > 0 && bytes[matched] !== bytes[at]) matched = borders[matched - 1] ?? 0
    if (bytes[matched] === bytes[at]) matched += 1
    borders[at] = matched
  }
  return borders
}

/** A secret as programs print it: as it is, without the space around it, and as part of a JSON string. */
function formsOf(value: string): string[] {
  const trimmed = value.trim()
  const plain = trimmed.length >= limits.secretChars ? [value, trimmed] : [value]
  return plain.flatMap((form) => [form, ...jsonFormsOf(form)]).filter((form) => form !== '')
}

/** As JSON has it at the least; and as programs write it that keep to ASCII, in the two ways of digits, or escape slashes. */
function jsonFormsOf(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1)
  const escape = (upper: boolean) => (char: string) => {
    const digits = char.charCodeAt(0).toString(16).padStart(4, '0')
    return `\\u${upper ? digits.toUpperCase() : digits}`
  }
  const forms = [json, ...[false, true].map((upper) => json.replaceAll(/[\u007f-\uffff]/g, escape(upper)))]
  return forms.flatMap((form) => [form, form.replaceAll('/', '\\/')])
}
