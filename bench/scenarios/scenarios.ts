import type { Scenario } from '../scenario.ts'
import { catchUp } from './catch-up.ts'
import { curveHosts } from './curve-hosts.ts'
import { curveNodes } from './curve-nodes.ts'
import { curvePayload } from './curve-payload.ts'
import { curveQueue } from './curve-queue.ts'
import { depth } from './depth.ts'
import { batch, enqueue } from './enqueue.ts'
import { idle } from './idle.ts'
import { idleLatency } from './idle-latency.ts'
import { killPause } from './kill-pause.ts'
import { lostHost } from './lost-host.ts'
import { memory } from './memory.ts'
import { networkEnqueue } from './network-enqueue.ts'
import { peerBytes } from './peer-bytes.ts'
import { threeNodesSingle, threeNodes } from './three-nodes.ts'
import { unfit } from './unfit.ts'
import { work } from './work.ts'

/** Everything that can be measured, in the order of the report: a new scenario is one line here. */
export const scenarios: readonly Scenario[] = [
  ...[enqueue, batch, work, idleLatency, threeNodes, threeNodesSingle],
  networkEnqueue,
  ...[depth, unfit, memory, peerBytes, lostHost, killPause, catchUp, idle],
  ...[curveQueue, curveNodes, curveHosts, curvePayload],
]
