import type { BodyOf, OperationId, ParamsOf, QueryOf, ResponseOf, RouteDefinition, Routes } from '@skyclaw/protocol'

export interface CallOptions {
  /** Names the request; a fresh UUIDv7 when not given. Repeats of the call send the same one. */
  idempotencyKey?: string
  /** Ends the call with the signal's reason. */
  signal?: AbortSignal
  /** Milliseconds for this call; a call that waits has its `waitMs` on top. */
  timeoutMs?: number
  /** Milliseconds one coordinator has in this call; `waitMs` comes on top. */
  attemptTimeoutMs?: number
}

type RouteWith<Part extends 'params' | 'query' | 'body'> = { [Name in Part]: NonNullable<RouteDefinition[Name]> }

type Input<Op extends OperationId> = (Routes[Op] extends RouteWith<'params'>
  ? { params: ParamsOf<Routes[Op]> }
  : unknown) &
  (Routes[Op] extends RouteWith<'body'> | { bytes: true } ? { body: BodyOf<Routes[Op]> } : unknown) &
  (Routes[Op] extends RouteWith<'query'> ? { query?: QueryOf<Routes[Op]> } : unknown)

/** What a call needs by the route table, and the options of every call. */
export type CallArguments<Op extends OperationId> =
  Partial<Input<Op>> extends Input<Op> ? [input?: Input<Op> & CallOptions] : [input: Input<Op> & CallOptions]

export type Call = <Op extends OperationId>(
  operation: Op,
  ...input: CallArguments<Op>
) => Promise<ResponseOf<Routes[Op]>>
