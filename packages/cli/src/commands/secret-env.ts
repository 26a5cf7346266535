import { limits } from '@skyclaw/protocol'
import { checked } from '../arguments/values.ts'
import { UsageError } from '../arguments/usage-error.ts'
import type { Context } from '../command.ts'
import { readVariable } from '../environment.ts'
import { envName } from '../settings/checks.ts'

/**
 * The secret variables that the flags name. `NAME` alone takes the value from the environment of whoever enqueues, where no other user
 * sees it and no shell remembers it. Throws a UsageError, which cites no value.
 */
export function secretsFromFlags({ values, io }: Pick<Context, 'values' | 'io'>): Record<string, string> {
  const secrets = values.strings('secret-env').map((text) => {
    const equals = text.indexOf('=')
    const name = checked('the name of --secret-env', equals < 0 ? text : text.slice(0, equals), envName)
    const value = equals < 0 ? readVariable(name, io.env) : text.slice(equals + 1)
    if (value === undefined) throw new UsageError(`--secret-env ${name}: there is no ${name} in the environment`)
    checkSecret(name, value)
    return [name, value] as const
  })
  const names = secrets.map(([name]) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new UsageError(`--secret-env names ${twice} twice`)
  return Object.fromEntries(secrets)
}

function checkSecret(name: string, value: string): void {
  if (value.length < limits.secretChars) {
    const why = 'shorter ones could not be told from other text in the output'
    throw new UsageError(`--secret-env ${name}: a secret has at least ${limits.secretChars} characters, ${why}`)
  }
  if (value.length > limits.envValueChars) {
    throw new UsageError(`--secret-env ${name}: a secret has at most ${limits.envValueChars} characters`)
  }
}
