import type { FastifyBaseLogger } from 'fastify'

/**
 * Where the services log. Lines carry `nodeId`, and where they are about one, `jobId`, `hostId` and `attempt`: at `info` what an operator
 * follows, at `warn` what cost something.
 */
export type Log = Pick<FastifyBaseLogger, 'info' | 'warn'>
