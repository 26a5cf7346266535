import type { BodyOf, OperationId, ParamsOf, QueryOf, ResponseOf, Routes } from '@skyclaw/protocol'
import type { Context } from '../context.ts'

/** A request to a route, validated. */
export interface Call<Id extends OperationId> {
  readonly params: ParamsOf<Routes[Id]>
  readonly query: QueryOf<Routes[Id]>
  readonly body: BodyOf<Routes[Id]>
  readonly idempotencyKey: string | undefined
  /** Whether the caller tried before, maybe at another coordinator, and may have had no answer. Told of claims only. */
  readonly retried: boolean
  /** Aborted when the caller is gone. */
  readonly signal: AbortSignal
}

export type Handler<Id extends OperationId> = (context: Context, call: Call<Id>) => Promise<ResponseOf<Routes[Id]>>

export type Handlers = { readonly [Id in OperationId]: Handler<Id> }
