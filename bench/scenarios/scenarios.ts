import type { Scenario } from '../scenario.ts'
import { batch, enqueue } from './enqueue.ts'
import { threeNodes, threeNodesSingle } from './three-nodes.ts'
import { work } from './work.ts'

export const scenarios: readonly Scenario[] = [enqueue, batch, work, threeNodes, threeNodesSingle]
