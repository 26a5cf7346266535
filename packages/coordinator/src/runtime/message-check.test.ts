import type { Accept } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { shellJobRecord } from '../../test/records.ts'
import { wrongMessage } from './message-check.ts'

const id = '01234567-89ab-7def-89ab-0123456789ab'
const [sender, other] = ['a', 'b']

function accept(more: Partial<Accept>): Accept {
  return {
    type: 'accept',
    key: `job:${id}`,
    generation: 0,
    ballot: { n: 4, node: sender },
    set: { replicas: [sender, other, 'c'], m: 2 },
    proposal: { value: shellJobRecord({ id, now: 1 }), writtenAt: 1 },
    next: { n: 6, node: sender },
    ...more,
  }
}

test.each<[string, Partial<Accept>]>([
  ['goes on itself', {}],
  ['leaves the next round to a replica', { next: { n: 4, node: `${sender}+${other}` } }],
  ['was left to its sender', { ballot: { n: 4, node: `${other}+${sender}` } }],
])('a proposal that %s is taken', (_, more) => {
  expect(wrongMessage(accept(more), sender)).toBeUndefined()
})

test.each<[string, Partial<Accept>, string]>([
  ['bears the ballot of another one', { ballot: { n: 4, node: other } }, 'bears the ballot of b'],
  [
    'bears a ballot that was left to another one',
    { ballot: { n: 4, node: `${sender}+${other}` } },
    'bears the ballot of a+b',
  ],
  ['goes on below its own ballot', { next: { n: 4, node: sender } }, 'does not follow'],
  ['leaves what the heir may have counted', { next: { n: 6, node: other } }, 'does not follow'],
  ['leaves what is not right after its own ballot', { next: { n: 6, node: `${sender}+${other}` } }, 'does not follow'],
  ['leaves what another one has counted', { next: { n: 4, node: `c+${other}` } }, 'does not follow'],
  ['leaves the next round to one that is no replica', { next: { n: 4, node: `${sender}+d` } }, 'does not follow'],
  ['leaves the next round to itself', { next: { n: 4, node: `${sender}+${sender}` } }, 'does not follow'],
  [
    'leaves on what was left',
    { ballot: { n: 4, node: `${other}+${sender}` }, next: { n: 4, node: `${other}+${sender}+c` } },
    'does not follow',
  ],
  ['goes on where nobody can have counted', { next: { n: 2 ** 53 - 1, node: sender } }, 'higher than anybody'],
])('a proposal that %s is refused', (_, more, why) => {
  expect(wrongMessage(accept(more), sender)).toContain(why)
})
