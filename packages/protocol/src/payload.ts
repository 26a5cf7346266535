import { type Static, Type } from '@sinclair/typebox'
import { limits } from './limits.ts'
import { closed, tagged, text } from './schema.ts'

const Args = Type.Array(text(limits.argChars), { maxItems: limits.args })

const Env = Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$' }), text(limits.envValueChars), {
  maxProperties: limits.envEntries,
  additionalProperties: false,
  description: 'Environment variables of the process.',
})

const SecretEnv = Type.Record(
  Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$' }),
  text(limits.envValueChars, { minLength: limits.secretChars }),
  {
    maxProperties: limits.envEntries,
    additionalProperties: false,
    description:
      'Environment variables whose values are secret: nobody but the host that runs the job is told them, and they are redacted from its output.',
  },
)

const TimeoutMs = Type.Integer({
  minimum: 1,
  maximum: limits.timeoutMs,
  description: 'Milliseconds that one attempt may take.',
})

const Cwd = text(limits.commandChars, { minLength: 1, description: 'Working directory on the host.' })

/** Stands for each value of `secretEnv` wherever a job is shown or kept. */
export const redacted = '[redacted]'

/** Runs one program with an argument list. No shell stands in between. */
export const ShellPayload = closed({
  kind: Type.Literal('shell'),
  command: text(limits.commandChars, {
    minLength: 1,
    description: "A bare name from the host's allowlist, or an absolute path.",
  }),
  args: Type.Optional(Args),
  cwd: Type.Optional(Cwd),
  env: Type.Optional(Env),
  secretEnv: Type.Optional(SecretEnv),
  timeoutMs: Type.Optional(TimeoutMs),
  stdin: Type.Optional(Type.String({ maxLength: limits.stdinChars })),
})
export type ShellPayload = Static<typeof ShellPayload>

/** Runs OpenClaw: with `args` exactly those arguments, with `message` one headless agent turn. One of the two. */
export const OpenclawPayload = closed({
  kind: Type.Literal('openclaw-run'),
  args: Type.Optional(Args),
  message: Type.Optional(text(limits.messageChars, { minLength: 1 })),
  model: Type.Optional(text(limits.nameChars, { minLength: 1 })),
  thinking: Type.Optional(text(limits.nameChars, { minLength: 1 })),
  stateDir: Type.Optional(text(limits.commandChars, { minLength: 1 })),
  cwd: Type.Optional(Cwd),
  env: Type.Optional(Env),
  secretEnv: Type.Optional(SecretEnv),
  timeoutMs: Type.Optional(TimeoutMs),
})
export type OpenclawPayload = Static<typeof OpenclawPayload>

export const Payload = tagged('kind', [ShellPayload, OpenclawPayload])
export type Payload = Static<typeof Payload>

/** What is wrong with a payload beyond its schema, as field and sentence; null when nothing is. */
export function checkPayload(payload: Payload): { field: string; detail: string } | null {
  const twice = Object.keys(payload.secretEnv ?? {}).find((name) => Object.hasOwn(payload.env ?? {}, name))
  if (twice !== undefined) {
    return { field: `payload.secretEnv.${twice}`, detail: `payload.secretEnv.${twice} is in payload.env as well` }
  }
  if (payload.kind !== 'openclaw-run') return null
  const forMessage = (['model', 'thinking', 'stateDir'] as const).find((name) => payload[name] !== undefined)
  if (payload.message === undefined && forMessage) {
    return { field: `payload.${forMessage}`, detail: `payload.${forMessage} goes with payload.message only` }
  }
  if (payload.args !== undefined && payload.message !== undefined) {
    return { field: 'payload.args', detail: 'payload.args and payload.message exclude each other' }
  }
  if (payload.args === undefined && payload.message === undefined) {
    return { field: 'payload.message', detail: 'payload needs args or message' }
  }
  return null
}
