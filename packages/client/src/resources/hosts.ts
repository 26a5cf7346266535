import type { QueryOf, ResponseOf, Routes } from '@skyclaw/protocol'
import type { Call, CallOptions } from '../operation.ts'

export interface HostsResource {
  /** A page of hosts, newest first. */
  list(query?: QueryOf<Routes['listHosts']>, options?: CallOptions): Promise<ResponseOf<Routes['listHosts']>>
}

export function hostsResource(call: Call): HostsResource {
  return { list: (query, options) => call('listHosts', { ...options, ...(query && { query }) }) }
}
