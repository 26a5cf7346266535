import { limits, type OpenclawResult } from '@skyclaw/protocol'
import { OutputBuffer } from './output.ts'
import { shorten } from './result.ts'

/** What an answer says. */
export interface Told {
  readonly openclaw: OpenclawResult
  /** Whether it says that the turn went well; undefined when it says nothing of it. */
  readonly ok: boolean | undefined
  /** Whether OpenClaw's own time limit ended the turn. */
  readonly timedOut: boolean
  /** OpenClaw's own message, when it failed. */
  readonly error: string | undefined
}

/** Bytes of `usage` and of `toolSummary` as JSON; larger ones are left out. */
const maxDetailBytes = 16_384

/** Reads the members of an answer, whatever they are. `final` is kept up to `maxBytes`, its head and its tail. */
export function readAnswer(members: Readonly<Record<string, unknown>>, maxBytes: number): Told {
  const status = text(members['status'])
  const ok = typeof members['ok'] === 'boolean' ? members['ok'] : status && status === 'ok'
  const final = finalText(members)
  const usage = detail(members['usage'])
  const toolSummary = detail(members['toolSummary'])
  const names = Object.fromEntries(
    (['status', 'model', 'provider', 'sessionId'] as const).flatMap((name) => {
      const value = text(members[name])
      return value ? [[name, value.slice(0, limits.labelChars).toWellFormed()]] : []
    }),
  )
  return {
    openclaw: {
      ...names,
      ...(final !== undefined && { final: bounded(final, maxBytes) }),
      ...(usage && { usage }),
      ...(toolSummary && { toolSummary }),
    },
    ok: typeof ok === 'boolean' ? ok : undefined,
    timedOut: status === 'timeout' || field(members['error'], 'kind') === 'timeout',
    error: ok === true ? undefined : errorText(members),
  }
}

/** `final` is a text; what other versions may make of it is understood as far as there is text in it. */
function finalText(members: Readonly<Record<string, unknown>>): string | undefined {
  const { final, payloads } = members as { final?: unknown; payloads?: unknown }
  if (typeof final === 'string') return final
  if (final !== undefined && final !== null) return textIn(final) ?? JSON.stringify(final)
  return Array.isArray(payloads) ? textIn(payloads.filter((payload) => field(payload, 'isError') !== true)) : undefined
}

function errorText(members: Readonly<Record<string, unknown>>): string | undefined {
  const { error, payloads } = members as { error?: unknown; payloads?: unknown }
  const own = (text(error) ?? text(field(error, 'message')))?.trim()
  if (own) return shorten(own.toWellFormed())
  const shown = Array.isArray(payloads) ? payloads.filter((payload) => field(payload, 'isError') === true) : []
  const told = textIn(shown)?.trim()
  return told ? shorten(told.toWellFormed()) : undefined
}

/** The texts of a value and of those in a list, a paragraph each. */
function textIn(value: unknown): string | undefined {
  if (!Array.isArray(value)) return text(value) ?? text(field(value, 'text'))
  const texts = value.map((item) => text(item) ?? text(field(item, 'text'))).filter((item) => item !== undefined)
  return texts.length === 0 ? undefined : texts.join('\n\n')
}

function detail(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const entries = Object.entries(value).filter(([name]) => name.length <= limits.nameChars && name !== '__proto__')
  const json = JSON.stringify(Object.fromEntries(entries))
  return Buffer.byteLength(json) <= maxDetailBytes
    ? (JSON.parse(json.toWellFormed()) as Record<string, unknown>)
    : undefined
}

function bounded(value: string, maxBytes: number): string {
  const bytes = Buffer.from(value)
  if (bytes.length <= maxBytes) return value.toWellFormed()
  const buffer = new OutputBuffer(maxBytes)
  buffer.write(bytes)
  return buffer.toString()
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
