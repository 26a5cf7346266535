export { createClient, type SkyclawClient } from './client.ts'
export { type Gathered, Gathering, type GatheringOptions, type Leaving, type UnderWay } from './coalesce/gathering.ts'
export {
  type FailedAttempt,
  OptionError,
  ProblemResponseError,
  SkyclawError,
  UnexpectedAnswerError,
  UnreachableError,
  WaitTimeoutError,
} from './errors.ts'
export { backoffMs, type BackoffOptions } from './failover/backoff.ts'
export type { FailoverOptions } from './failover/failover.ts'
export { ofetchTransport } from './ofetch-transport.ts'
export type { Call, CallArguments, CallOptions } from './operation.ts'
export type { ClientOptions } from './options.ts'
export type { LogOptions } from './resources/follow-logs.ts'
export type { HostsResource } from './resources/hosts.ts'
export type { BatchJob, EnqueueOptions, JobSettings, JobsResource } from './resources/jobs.ts'
export type { WaitOptions } from './resources/wait-for-job.ts'
export type { OutputChunk } from './stream/log-reading.ts'
export {
  type StreamRequest,
  TooLargeError,
  type Transport,
  type TransportRequest,
  type TransportResponse,
  type TransportStream,
} from './transport.ts'
