import type { Scenario } from '../scenario.ts'
import { batch, enqueue } from './enqueue.ts'
import { threeNodesSingle, threeNodes } from './three-nodes.ts'
import { work } from './work.ts'

/** Everything that can be measured, in the order of the report: a new scenario is one line here. */
export const scenarios: readonly Scenario[] = [enqueue, batch, work, threeNodes, threeNodesSingle]
