import {
  claimJobs,
  drainHost,
  getHost,
  heartbeat,
  listHosts,
  pauseHost,
  registerHost,
  resumeHost,
  watchHost,
} from './hosts.ts'
import {
  cancelJob,
  completeJob,
  completeJobs,
  enqueueBatch,
  enqueueJob,
  explainJob,
  getJob,
  listJobs,
  releaseJob,
  retryJob,
} from './jobs.ts'
import { closeLog, putLog, readLogPage, readLogs } from './logs.ts'
import { challengeMember, forgetMember, gossip, joinNetwork, listPeers, probeMember } from './network.ts'
import { mergeSnapshot, readFeed, readSnapshot, replicateMessages } from './replicate.ts'
import { readHealth, readState } from './state.ts'

/** The whole API: operation id to route. */
export const routes = {
  registerHost,
  heartbeat,
  claimJobs,
  listHosts,
  getHost,
  watchHost,
  pauseHost,
  resumeHost,
  drainHost,
  enqueueJob,
  enqueueBatch,
  getJob,
  listJobs,
  completeJob,
  completeJobs,
  releaseJob,
  cancelJob,
  retryJob,
  explainJob,
  putLog,
  closeLog,
  readLogs,
  readLogPage,
  readState,
  readHealth,
  listPeers,
  joinNetwork,
  gossip,
  challengeMember,
  probeMember,
  forgetMember,
  replicateMessages,
  readFeed,
  readSnapshot,
  mergeSnapshot,
} as const

export type Routes = typeof routes
export type OperationId = keyof Routes
