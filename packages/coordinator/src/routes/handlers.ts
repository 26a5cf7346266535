import type { Handlers } from '../http/handler.ts'
import { hostRoutes } from './host-routes.ts'
import { jobRoutes } from './job-routes.ts'
import { logRoutes } from './log-routes.ts'
import { networkRoutes } from './network-routes.ts'
import { replicateRoutes } from './replicate-routes.ts'
import { stateRoutes } from './state-routes.ts'

/** What answers each operation of the protocol. */
export const handlers: Handlers = {
  ...jobRoutes,
  ...logRoutes,
  ...hostRoutes,
  ...stateRoutes,
  ...networkRoutes,
  ...replicateRoutes,
}
