import { type Problem, type RouteDefinition } from '@skyclaw/protocol'
import type { TransportResponse } from './transport.ts'

/** What an answer means for the call. */
export type Answer =
  | { kind: 'ok'; value: unknown }
  | { kind: 'problem'; problem: Problem; retry: boolean }
  /** Not the protocol. `retry`: the same URL may do better later; `other`: another coordinator may do better. */
  | { kind: 'foreign'; message: string; next: 'retry' | 'other' | 'final' }

const passing = new Set([429, 502, 503, 504])

/** Reads an answer by the protocol. Never throws: what cannot be read is `foreign`, with a sentence that says what came. */
export function readAnswer(route: RouteDefinition, response: TransportResponse): Answer {
  const { status } = response
  const value = parseObject(response.body)
  if (status >= 200 && status < 300) {
    const missing = value && missingField(route, value)
    if (value && missing === undefined) return { kind: 'ok', value }
    const what = missing === undefined ? 'not a JSON object' : `JSON without ${missing}`
    return {
      kind: 'foreign',
      message: `answered ${status} with ${what}: is it a coordinator?${excerpt(response)}`,
      next: 'other',
    }
  }
  if (status >= 300 && status < 400) {
    const target = response.location === undefined ? '' : ` to ${response.location.slice(0, 200)}`
    return { kind: 'foreign', message: `redirects${target} (${status}), which is not followed`, next: 'other' }
  }
  if (value && isProblem(value)) {
    return { kind: 'problem', problem: value, retry: value.retryable }
  }
  const message = `answered ${status} without a problem document: a proxy in between?${excerpt(response)}`
  return { kind: 'foreign', message, next: passing.has(status) ? 'retry' : 'final' }
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function missingField(route: RouteDefinition, value: Record<string, unknown>): string | undefined {
  const required = (route.response['required'] ?? []) as string[]
  return required.find((name) => value[name] === undefined)
}

/** A code that this version does not know is taken as it is: newer coordinators may have more. */
export function isProblem(value: Record<string, unknown>): value is Problem & Record<string, unknown> {
  return (
    typeof value['code'] === 'string' &&
    typeof value['status'] === 'number' &&
    typeof value['retryable'] === 'boolean' &&
    typeof value['title'] === 'string' &&
    typeof value['detail'] === 'string'
  )
}

function excerpt({ body }: TransportResponse): string {
  const text = body
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .trim()
  return text === '' ? '' : ` It begins: ${JSON.stringify(text.slice(0, 120))}`
}
