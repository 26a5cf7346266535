import { ProblemError, type RecordValue } from '@skyclaw/protocol'
import type { ChangeResult } from '../mesh/mesh.ts'
import type { Calls } from './calls.ts'
import type * as port from './ledger.ts'

/** Changes of one input at most: others come between, and a turn is short. */
const changesPerInput = 128

/** Has the mesh change records: each on its own, and several in one input, since each input costs. */
export class Changes {
  readonly #calls: Calls

  constructor(calls: Calls) {
    this.#calls = calls
  }

  async one<V extends RecordValue>(request: port.ChangeRequest<V>, signal?: AbortSignal): Promise<port.Change<V>> {
    const [result] = await this.#ask([request], signal)
    if (result!.ok) return { key: result!.key, value: result!.value as V | null, changed: result!.changed }
    if (result!.error.name === 'AbortError') signal?.throwIfAborted()
    throw result!.error
  }

  async many<V extends RecordValue>(requests: readonly port.ChangeRequest<V>[]): Promise<port.ChangeOutcome<V>[]> {
    const inputs: Promise<ChangeResult[]>[] = []
    for (let start = 0; start < requests.length; start += changesPerInput) {
      const some = requests.slice(start, start + changesPerInput)
      inputs.push(this.#ask(some).catch((error: unknown) => refusedAll(some.length, error)))
    }
    const results = await Promise.all(inputs)
    return results.flat().map((result) => {
      if (!result.ok) return { ok: false, error: result.error }
      return { ok: true, key: result.key, value: result.value as V | null, changed: result.changed }
    })
  }

  #ask<V extends RecordValue>(
    requests: readonly port.ChangeRequest<V>[],
    signal?: AbortSignal,
  ): Promise<ChangeResult[]> {
    return this.#calls.askAll<ChangeResult>(requests.length, (step, mesh, answer) => {
      signal?.throwIfAborted()
      for (const [index, { key, decide, fresh }] of requests.entries()) {
        mesh.change(step, {
          ...(typeof key === 'string' ? { key } : { key: key.base, keyFor: key.keyFor }),
          fresh,
          decide: (current, actual) => decide(current as V | null, actual),
          abandoned: () => signal?.aborted ?? false,
          done: (result) => answer(index, result),
        })
      }
    })
  }
}

/** What one input was refused with, each of its changes is. */
function refusedAll(count: number, error: unknown): ChangeResult[] {
  if (!(error instanceof ProblemError)) throw error
  return Array.from({ length: count }, () => ({ ok: false, error }))
}
