import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Liveness } from './liveness.ts'

const pace = { pingAfterMs: 20, pingMaxMs: 40 }
const never = new AbortController().signal

test('a coordinator is silent when a ping is not answered, for all that it owes an answer, by one ping', async () => {
  const pings: string[] = []
  const liveness = new Liveness(pace, async (url) => {
    pings.push(url)
    await sleep(50)
    return false
  })
  await Promise.all([liveness.silence('a', never), liveness.silence('a', never), liveness.silence('b', never)])
  expect(pings.toSorted()).toEqual(['a', 'b'])
})

test('one that answers pings is asked again and again, until it does not', async () => {
  let left = 4
  const liveness = new Liveness(pace, async () => left-- > 0)
  await liveness.silence('a', never)
  expect(left).toBe(-1)
})

test('a ping that is lost while something else is answered says nothing', async () => {
  let pings = 0
  const liveness = new Liveness(pace, async (url) => {
    if (pings++ === 0) liveness.heard(url)
    return false
  })
  await liveness.silence('a', never)
  expect(pings).toBe(2)
})

test('nobody is pinged once the answer is there', async () => {
  const ended = new AbortController()
  let pings = 0
  const liveness = new Liveness(pace, async () => pings++ < 0)
  void liveness.silence('a', ended.signal)
  ended.abort()
  await liveness.silence('b', never)
  expect(pings).toBe(1)
})
