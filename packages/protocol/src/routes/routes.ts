import { claimJobs, heartbeat, listHosts, registerHost } from './hosts.ts'
import { cancelJob, completeJob, enqueueBatch, enqueueJob, getJob, listJobs, releaseJob } from './jobs.ts'
import { challengeMember, forgetMember, gossip, joinNetwork, listPeers, probeMember } from './network.ts'
import { mergeSnapshot, readFeed, readSnapshot, replicateMessages } from './replicate.ts'
import { readHealth, readState } from './state.ts'

/** The whole API: operation id to route. */
export const routes = {
  registerHost,
  heartbeat,
  claimJobs,
  listHosts,
  enqueueJob,
  enqueueBatch,
  getJob,
  listJobs,
  completeJob,
  releaseJob,
  cancelJob,
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
