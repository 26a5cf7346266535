import { problem } from '@skyclaw/protocol'
import { describe, expect, test, vi } from 'vitest'
import {
  OptionError,
  ProblemResponseError,
  type SkyclawError,
  UnexpectedAnswerError,
  UnreachableError,
  createClient,
} from '../src/index.ts'
import { waitForJob } from '../src/resources/wait-for-job.ts'
import type { Call } from '../src/operation.ts'
import { json, serve } from './serve.ts'

const unreachable = new UnreachableError([{ url: 'http://a', message: 'refused' }], 35_000, false)
const closing = new ProblemResponseError(problem('shutting_down', 'closing'), 'http://a', false)
const gateway = new UnexpectedAnswerError('http://a', 502, 'answered 502', false)

/** A call that gives these answers in turn, the last one again and again. */
function answers(...list: (SkyclawError | { status: string })[]) {
  let index = 0
  const call = () => {
    const answer = list[Math.min(index++, list.length - 1)]
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ job: { id: 'j', ...answer } })
  }
  return call as unknown as Call
}

describe('a wait', () => {
  test('goes on through outages of every kind, tells of each once, and brings the job in the end', async () => {
    const onOutage = vi.fn<(error: SkyclawError) => void>()
    const call = answers(unreachable, closing, gateway, { status: 'leased' }, unreachable, { status: 'completed' })
    expect(await waitForJob(call, 10_000, 'j', { onOutage })).toEqual({ id: 'j', status: 'completed' })
    expect(onOutage.mock.calls).toEqual([[unreachable], [unreachable]])
  })

  test('ends with the error of an outage that lasted for maxOutageMs', async () => {
    await expect(waitForJob(answers(unreachable), 10_000, 'j', { maxOutageMs: 0 })).rejects.toBe(unreachable)
  })

  test('ends at once with an error that is about the request', async () => {
    const missing = new ProblemResponseError(problem('not_found', 'there is no job j'), 'http://a', false)
    await expect(waitForJob(answers(missing), 10_000, 'j')).rejects.toBe(missing)
  })

  test('keeps to its timeoutMs when a coordinator hangs, whatever the limits of a call', async () => {
    await using hanging = await serve(() => {})
    const client = createClient({ coordinators: [hanging.url] })
    const started = performance.now()
    const error = await client.jobs.wait('j', { timeoutMs: 200 }).catch((reason: unknown) => reason)
    expect(performance.now() - started).toBeLessThan(3_000)
    expect(error).toMatchObject({ name: 'WaitTimeoutError', cause: expect.any(UnreachableError) })
    expect(String(error)).toContain('no coordinator answers')
    await client.close()
  })

  test('refuses a time that is no number', async () => {
    await using server = await serve((_request, response) =>
      json(response, 200, { job: { id: 'j', status: 'queued' } }),
    )
    const client = createClient({ coordinators: [server.url] })
    await expect(client.jobs.wait('j', { timeoutMs: Number.NaN })).rejects.toThrow(OptionError)
    expect(server.received).toHaveLength(0)
    await client.close()
  })
})
