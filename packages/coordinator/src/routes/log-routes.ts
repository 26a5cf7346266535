import type { Handlers } from '../http/handler.ts'

type LogRoutes = Pick<Handlers, 'putLog' | 'closeLog' | 'readLogs' | 'readLogPage'>

export const logRoutes: LogRoutes = {
  // It says nothing of the host being there: a copy that another coordinator makes comes the same way.
  putLog: async ({ logs }, { params, query, body }) => logs.put({ ...params, ...query }, body),

  closeLog: async ({ logs, hosts }, { params, body }) => {
    if (!body.copy) await hosts.heardFrom(body.hostId)
    return logs.end({ ...params, ...body })
  },

  readLogs: async ({ logs }, { params, query, lastEventId, signal }) =>
    logs.tell({ ...params, ...query, lastEventId }, signal),

  readLogPage: async ({ logs }, { params, query, signal }) => logs.page({ ...params, ...query }, signal),
}
