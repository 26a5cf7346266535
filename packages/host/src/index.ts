export { HostError, type HostErrorCode } from './errors.ts'
export { type RunningHost, startHost } from './host.ts'
export type { HostOptions } from './options.ts'
