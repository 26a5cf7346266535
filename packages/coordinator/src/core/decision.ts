import { type ProblemCode, ProblemError } from '@skyclaw/protocol'

/** What a pure function makes of the current value of a record. */
export type Decision<V> =
  | { readonly kind: 'write'; readonly value: V }
  | { readonly kind: 'keep' }
  | { readonly kind: 'refuse'; readonly error: ProblemError }

export function write<V>(value: V): Decision<V> {
  return { kind: 'write', value }
}

export const keep = { kind: 'keep' } as const

export function refuse(code: ProblemCode, detail: string): Decision<never> {
  return { kind: 'refuse', error: new ProblemError(code, detail) }
}
