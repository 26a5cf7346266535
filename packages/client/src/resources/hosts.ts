import type { Host, QueryOf, ResponseOf, Routes } from '@skyclaw/protocol'
import type { Call, CallOptions } from '../operation.ts'

export interface HostsResource {
  /** A page of hosts, newest first. */
  list(query?: QueryOf<Routes['listHosts']>, options?: CallOptions): Promise<ResponseOf<Routes['listHosts']>>
  get(id: string, options?: CallOptions): Promise<Host>
  /** The host takes no more jobs until it is resumed; what runs goes on. */
  pause(id: string, options?: CallOptions): Promise<Host>
  /** The host takes jobs again. */
  resume(id: string, options?: CallOptions): Promise<Host>
  /** The host takes no more jobs; with `deadlineMs`, it hands back what still runs after so many milliseconds. */
  drain(id: string, options?: CallOptions & { deadlineMs?: number }): Promise<Host>
}

export function hostsResource(call: Call): HostsResource {
  return {
    list: (query, options) => call('listHosts', { ...options, ...(query && { query }) }),
    async get(id, options = {}) {
      return (await call('getHost', { ...options, params: { id } })).host
    },
    async pause(id, options = {}) {
      return (await call('pauseHost', { ...options, params: { id }, body: {} })).host
    },
    async resume(id, options = {}) {
      return (await call('resumeHost', { ...options, params: { id }, body: {} })).host
    },
    async drain(id, { deadlineMs, ...options } = {}) {
      const body = deadlineMs === undefined ? {} : { deadlineMs }
      return (await call('drainHost', { ...options, params: { id }, body })).host
    },
  }
}
