import { ProblemResponseError, type SkyclawClient } from '@skyclaw/client'
import type { AttemptLog, LogSizes } from '@skyclaw/output-log'
import type { LogStream, Problem } from '@skyclaw/protocol'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { FakeLog, FakeLogs } from '../../test/fake-logs.ts'
import { LogSender } from './log-sender.ts'
import { Turns } from './turns.ts'

interface Put {
  params: { id: string; attempt: number; stream: LogStream }
  query: { offset: number; gap?: number }
  body: Buffer
}

/** A closed log of stdout, with these pieces by their offsets. */
function closedLog(pieces: Record<number, string>): AttemptLog {
  const stored = Object.entries(pieces).map(([offset, text]) => ({ offset: Number(offset), bytes: Buffer.from(text) }))
  const last = stored.at(-1)!
  const log: Pick<AttemptLog, 'name' | 'sizes' | 'closed' | 'read'> = {
    name: { jobId: 'j', attempt: 1 },
    sizes: { stdout: last.offset + last.bytes.length, stderr: 0 },
    closed: true,
    async read({ stdout: from }: LogSizes, maxBytes) {
      const piece = stored.find(({ offset, bytes }) => offset + bytes.length > from)
      if (!piece) return []
      const skip = Math.max(0, from - piece.offset)
      return [
        {
          stream: 'stdout',
          offset: piece.offset + skip,
          bytes: piece.bytes.subarray(skip, skip + Math.min(maxBytes, 4)),
        },
      ]
    },
  }
  return log as AttemptLog
}

/** Sends a log to coordinators, of which `choose` says which one answers each call by its number, unless one is asked by name. */
async function send(log: AttemptLog, coordinators: readonly FakeLogs[], choose: (call: number) => number) {
  let calls = 0
  const puts: Put['query'][] = []
  const clientOf = (asked?: string) => {
    const call = async (operation: string, { params, query, body }: Put & { body: object }) => {
      calls += 1
      const url = asked ?? String(choose(calls))
      const at = coordinators[Number(url)]!
      const path = `http://c/v1/jobs/${params.id}/attempts/${params.attempt}/logs/`
      if (operation === 'putLog') puts.push(query)
      const answer =
        operation === 'putLog'
          ? at.put(new URL(`${path}${params.stream}?offset=${query.offset}&gap=${query.gap ?? 0}`), Buffer.from(body))
          : at.close(new URL(`${path}close`), body as { stdout?: number; stderr?: number })
      if ('code' in answer) throw new ProblemResponseError(answer as unknown as Problem, url, false)
      return answer
    }
    return { call } as unknown as SkyclawClient
  }
  const { signal: ending } = new AbortController()
  const turns = new Turns(1)
  const context = { client: clientOf(), clientOf, hostId: 'h', turns, ending, log: pino({ enabled: false }) }
  return { delivery: await new LogSender(context, log).finish(), puts, calls }
}

const textOf = ({ pieces }: FakeLog) =>
  Object.fromEntries(pieces.stdout.map(({ offset, bytes }) => [offset, bytes.toString()]))

test('what was dropped in the middle is declared only after a coordinator said that it has all before', async () => {
  const one = new FakeLogs()
  const { delivery, puts } = await send(closedLog({ 0: 'head', 100: 'tail' }), [one], () => 0)
  expect(delivery).toBe('delivered')
  expect(puts).toEqual([
    { hostId: 'h', offset: 0 },
    { hostId: 'h', offset: 100 },
    { hostId: 'h', offset: 100, gap: 1 },
  ])
  expect(textOf(one.of('j'))).toEqual({ 0: 'head', 100: 'tail' })
})

test('a coordinator that has nothing yet gets the beginning, too, whichever call is the first to reach it', async () => {
  for (const first of [1, 2, 3, 4, 5]) {
    const coordinators = [new FakeLogs(), new FakeLogs()]
    const log = closedLog({ 0: 'abcdefgh', 100: 'tail' })
    const { delivery, calls } = await send(log, coordinators, (call) => (call < first ? 0 : 1))
    expect(delivery).toBe('delivered')
    expect(calls).toBeGreaterThanOrEqual(first)
    const other = coordinators[1]!.of('j')
    expect(other.closed).toBe(true)
    expect(textOf(other)).toEqual({ 0: 'abcd', 4: 'efgh', 100: 'tail' })
  }
})
