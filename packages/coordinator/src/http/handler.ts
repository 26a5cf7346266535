import type { BodyOf, OperationId, ParamsOf, QueryOf, ResponseOf, RouteDefinition, Routes } from '@skyclaw/protocol'
import type { Context } from '../context.ts'
import type { EventSource } from './event-stream.ts'

/** A request to a route, validated. */
export interface Call<Id extends OperationId> {
  readonly params: ParamsOf<Routes[Id]>
  readonly query: QueryOf<Routes[Id]>
  readonly body: BodyOf<Routes[Id]>
  readonly idempotencyKey: string | undefined
  /** Whether the caller tried before, maybe at another coordinator, and may have had no answer. Told of claims only. */
  readonly retried: boolean
  /** Of the last event that a reader had, as it sent it: it may be anything. */
  readonly lastEventId: string | undefined
  /** Aborted when the caller is gone. */
  readonly signal: AbortSignal
}

type AnswerOf<T extends RouteDefinition> = T extends { events: true } ? EventSource : ResponseOf<T>

export type Handler<Id extends OperationId> = (context: Context, call: Call<Id>) => Promise<AnswerOf<Routes[Id]>>

export type Handlers = { readonly [Id in OperationId]: Handler<Id> }
