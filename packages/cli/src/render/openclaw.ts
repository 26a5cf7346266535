import type { OpenclawResult } from '@skyclaw/protocol'
import { renderOutput } from './output.ts'
import type { Style } from './style.ts'
import { renderFields } from './table.ts'

type Details = Readonly<Record<string, unknown>> | undefined

/** What OpenClaw answered, in the place of the JSON on stdout that says the same. */
export function renderOpenclaw(openclaw: OpenclawResult, style: Style): string {
  const { status, final, model, provider, sessionId, usage, toolSummary } = openclaw
  const fields = renderFields(
    [
      ['answered', status],
      ['model', [provider, model].filter((name) => name !== undefined).join('/') || undefined],
      ['tokens', renderTokens(usage)],
      ['tools', renderTools(toolSummary)],
      ['session', sessionId],
    ],
    style,
  )
  return (fields === '' ? '' : `\n${fields}`) + renderOutput('answer', final, style)
}

/** `11 in, 7 out, 18 in all, for $0.02`: of what a provider tells, what is a number. */
function renderTokens(usage: Details): string | undefined {
  const names = { input: 'in', output: 'out', cacheRead: 'from cache', cacheWrite: 'to cache', total: 'in all' }
  const parts = Object.entries(names).flatMap(([name, text]) => {
    const count = number(usage, name)
    return count === undefined || (count === 0 && name.startsWith('cache')) ? [] : [`${count} ${text}`]
  })
  const cost = number(usage?.['cost'] as Details, 'total')
  if (cost) parts.push(`for $${Number(cost.toPrecision(3))}`)
  return parts.join(', ') || undefined
}

/** `2 calls (exec, read), 1 failed` */
function renderTools(summary: Details): string | undefined {
  const calls = number(summary, 'calls')
  if (calls === undefined) return undefined
  const tools: unknown = summary?.['tools']
  const names = Array.isArray(tools) ? tools.filter((tool) => typeof tool === 'string').join(', ') : ''
  const failures = number(summary, 'failures') ?? 0
  const called = `${calls} ${calls === 1 ? 'call' : 'calls'}${names === '' ? '' : ` (${names})`}`
  return failures === 0 ? called : `${called}, ${failures} failed`
}

function number(details: Details, name: string): number | undefined {
  const value: unknown = typeof details === 'object' && details !== null ? details[name] : undefined
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
