import { limits, type PeerMessage, wireVersion } from '@skyclaw/protocol'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { PeerCall } from './peer-client.ts'
import { PeerError } from './peer-error.ts'
import { PeerLink, type Replies } from './peer-link.ts'
import { Traffic } from './traffic.ts'

const ask = (id: number, text = 'job:x'): PeerMessage => ({ type: 'ask', id: `${id}`, by: 'key', text })

interface Body {
  readonly from: string
  readonly to: string
  readonly turn: number
  readonly messages: readonly { readonly id: string }[]
}

/** A link whose batches wait until the test answers them. */
function bench() {
  const batches: { body: Body; answer: (replies: Replies) => void; fail: (error: Error) => void }[] = []
  const post = ({ body }: PeerCall) =>
    new Promise<Replies>(
      (answer, fail) => void batches.push({ body: JSON.parse(body as string) as Body, answer, fail }),
    )
  const traffic = new Traffic()
  const replies: Replies[] = []
  const failures: PeerError[] = []
  let turn = 0
  const link = new PeerLink({
    to: 'b',
    post,
    self: () => ({ instance: 'a', boot: 'x', turn: (turn += 1) }),
    traffic,
    version: () => wireVersion,
    timeoutMs: 100,
    onReplies: (got) => void replies.push(got),
    onFailure: (error) => void failures.push(error),
  })
  const send = (from: number, to: number) => {
    for (let id = from; id <= to; id += 1) link.send([ask(id)])
  }
  const ids = (index: number) => batches[index]!.body.messages.map(({ id }) => Number(id))
  return { link, batches, traffic, replies, failures, send, ids }
}

/** Longer than anything lingers. */
const longMs = 1_000

const answered: Replies = { from: 'b', boot: 'y', turn: 1, messages: [] }
const settled = () => new Promise(setImmediate)

test('one batch is under way at a time, and what comes meanwhile is the next, in order', async () => {
  const { batches, replies, send, ids } = bench()
  send(1, 3)
  expect(batches).toHaveLength(1)
  expect(ids(0)).toEqual([1])
  expect(batches[0]!.body).toMatchObject({ from: 'a', to: 'b', turn: 1 })
  batches[0]!.answer(answered)
  await settled()
  expect(replies).toEqual([answered])
  expect(ids(1)).toEqual([2, 3])
  expect(batches[1]!.body.turn).toBe(2)
  batches[1]!.answer(answered)
  await settled()
  expect(batches).toHaveLength(2)
})

test('what is sent again while it waits or is under way goes once, and goes again when that was lost', async () => {
  const { batches, send, ids } = bench()
  send(1, 2)
  send(1, 3)
  batches[0]!.fail(new PeerError('unreachable', 'did not answer'))
  await settled()
  expect(ids(1)).toEqual([2, 3])
  send(1, 2)
  batches[1]!.answer(answered)
  await settled()
  expect(ids(2)).toEqual([1])
})

test('a batch that fails is lost and counted, and the next one goes all the same', async () => {
  const { batches, traffic, failures, send, ids } = bench()
  send(1, 3)
  batches[0]!.fail(new PeerError('unreachable', 'did not answer'))
  await settled()
  expect(failures).toHaveLength(1)
  expect(traffic.lostMessages).toBe(1)
  expect(ids(1)).toEqual([2, 3])
})

test('a batch holds no more messages, and no more bytes, than one body takes', async () => {
  const { link, batches, send } = bench()
  send(1, limits.peerMessages + 2)
  batches[0]!.answer(answered)
  await settled()
  expect(batches[1]!.body.messages).toHaveLength(limits.peerMessages)
  batches[1]!.answer(answered)
  await settled()
  const text = 'ü'.repeat(3 * 1_048_576)
  link.send([1, 2, 3, 4].map((id) => ask(id, text)))
  batches[2]!.answer(answered)
  await settled()
  expect(batches[3]!.body.messages).toHaveLength(2)
  expect(Buffer.byteLength(JSON.stringify(batches[3]!.body))).toBeLessThanOrEqual(limits.largeBodyBytes)
})

test('what there is no room for is dropped, the oldest first, and counted', async () => {
  const { batches, traffic, send, ids } = bench()
  const room = 10 * limits.peerMessages
  send(0, room + 5)
  expect(traffic.droppedMessages).toBe(5)
  batches[0]!.answer(answered)
  await settled()
  expect(ids(1)[0]).toBe(6)
})

test('a message larger than any body is dropped alone', () => {
  const { link, batches, traffic } = bench()
  link.send([ask(0, 'x'.repeat(limits.largeBodyBytes)), ask(1)])
  expect(traffic.droppedMessages).toBe(1)
  expect(batches[0]!.body.messages).toHaveLength(1)
})

test('a closed link sends nothing more and tells nobody of what comes back', async () => {
  const { link, batches, replies, send } = bench()
  send(1, 2)
  const closed = link.close()
  batches[0]!.answer(answered)
  await closed
  send(3, 3)
  await settled()
  expect(batches).toHaveLength(1)
  expect(replies).toEqual([])
})

test('a link is drained when nothing waits and nothing is under way', async () => {
  const { link, batches, send } = bench()
  send(1, 2)
  let drained = false
  const done = link.drained().then(() => (drained = true))
  batches[0]!.answer(answered)
  await settled()
  expect(drained).toBe(false)
  batches[1]!.answer(answered)
  await done
})

test('bytes are counted by the type of the message', () => {
  const { traffic, send } = bench()
  send(1, 2)
  expect(traffic.sent.get('ask')).toEqual({ messages: 2, bytes: 2 * JSON.stringify(ask(1)).length })
})

const learn = (n: number): PeerMessage => ({
  type: 'learn',
  key: `job:${n}`,
  version: { generation: 0, ballot: { n, node: 'a' } },
})

test('what was chosen waits for the next message of another kind, and goes along with it', async () => {
  const { link, batches, send } = bench()
  link.send([learn(1)])
  await settled()
  expect(batches).toHaveLength(0)
  send(2, 2)
  expect(batches[0]!.body.messages).toMatchObject([{ type: 'learn' }, { type: 'ask' }])
})

test('what was chosen leaves by itself after a moment, or when the batch that was under way then is answered', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { link, batches } = bench()
  link.send([learn(1)])
  vi.advanceTimersByTime(longMs)
  expect(batches).toHaveLength(1)
  link.send([learn(2)])
  vi.advanceTimersByTime(longMs)
  expect(batches).toHaveLength(1)
  batches[0]!.answer(answered)
  await settled()
  expect(batches[1]!.body.messages).toEqual([learn(2)])
})

test('what was chosen goes along with an answer, once, and nothing else does', async () => {
  const { link, batches, send } = bench()
  link.send([learn(1), learn(2)])
  expect(link.takeLingering(1)).toEqual([learn(1)])
  expect(link.takeLingering(9)).toEqual([learn(2)])
  expect(link.takeLingering(9)).toEqual([])
  send(1, 1)
  link.send([learn(3), ask(4)])
  expect(link.takeLingering(9)).toEqual([])
  batches[0]!.answer(answered)
  await settled()
  expect(batches[1]!.body.messages).toMatchObject([{ type: 'learn' }, { type: 'ask' }])
})

test('what an answer has no room for leaves by itself after a moment', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { link, batches } = bench()
  link.send([learn(1), learn(2)])
  expect(link.takeLingering(1)).toEqual([learn(1)])
  expect(link.takeLingering(0)).toEqual([])
  vi.advanceTimersByTime(longMs)
  expect(batches.map(({ body }) => body.messages)).toEqual([[learn(2)]])
})

test('what lingers leaves at once for somebody who waits for it', () => {
  const { link, batches } = bench()
  link.send([learn(1)])
  link.hurry()
  expect(batches[0]!.body.messages).toEqual([learn(1)])
})

test('who waits for what is not chosen yet gets it at once when it is', async () => {
  const { link, batches, send } = bench()
  send(1, 1)
  link.hurry()
  link.send([learn(2)])
  batches[0]!.answer(answered)
  await settled()
  expect(batches[1]!.body.messages).toEqual([learn(2)])
  batches[1]!.answer(answered)
  await settled()
  link.send([learn(3)])
  expect(batches).toHaveLength(2)
})

test('a link that is drained has sent what lingers', async () => {
  const { link, batches } = bench()
  link.send([learn(1)])
  const drained = link.drained()
  expect(batches).toHaveLength(1)
  batches[0]!.answer(answered)
  await drained
})
