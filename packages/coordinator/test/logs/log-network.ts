import { buildPath, formatLogPlace, type LogChunk, type LogEvents, type LogStream, routes } from '@skyclaw/protocol'
import { onTestFinished } from 'vitest'
import { type Answer, expectConforms } from '../http/conformity.ts'
import { report, shellHost, shellJob, type TestCoordinator, token } from '../http/test-coordinator.ts'

export const hostId = 'host-1'

export type LogEvent = {
  [Name in keyof LogEvents]: { id: string; event: Name; data: LogEvents[Name] }
}[keyof LogEvents]

/** A job that a host has just begun: its id. */
export async function beginJob(node: TestCoordinator): Promise<string> {
  await node.ok('registerHost', { body: shellHost(hostId) })
  const { job } = await node.ok('enqueueJob', { body: shellJob() })
  await claim(node)
  return job.id
}

export async function claim(node: TestCoordinator): Promise<number> {
  const { job } = await node.ok('claimJobs', { params: { id: hostId }, body: { waitMs: 10_000 } })
  return job!.attempts
}

export async function complete(node: TestCoordinator, id: string, more: object = {}): Promise<void> {
  await node.ok('completeJob', { params: { id }, body: { ...report(hostId), stdout: '', ...more } })
}

export interface Sent {
  readonly attempt?: number
  readonly stream?: LogStream
  readonly gap?: boolean
  readonly from?: string
}

/** Sends bytes as a host does, and gives the answer. */
export async function send(
  node: TestCoordinator,
  id: string,
  offset: number,
  bytes: string | Uint8Array,
  { attempt = 1, stream = 'stdout', gap = false, from = hostId }: Sent = {},
): Promise<Answer> {
  const path = buildPath(routes.putLog, { id, attempt, stream })
  const query = new URLSearchParams({ hostId: from, offset: `${offset}`, ...(gap && { gap: '1' }) })
  const response = await fetch(`${node.running.url}${path}?${query}`, {
    method: 'PUT',
    headers: { 'x-skyclaw-token': token, 'content-type': 'application/octet-stream' },
    body: Buffer.from(bytes as string),
  })
  const answer = {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    text: await response.text(),
  }
  expectConforms('putLog', answer)
  return answer
}

export async function close(node: TestCoordinator, id: string, stdout: number, stderr = 0, attempt = 1) {
  const params = { id, attempt: `${attempt}` }
  return node.ok('closeLog', { params, body: { hostId, stdout, stderr } })
}

export interface ReadOptions {
  readonly query?: Record<string, string>
  readonly after?: string
}

export const follow = { query: { follow: '1' } }

/** The events of a job's log as they come. A connection that breaks ends them. */
export async function* read(
  node: TestCoordinator,
  id: string,
  { query, after }: ReadOptions = {},
): AsyncGenerator<LogEvent, void, void> {
  const gone = new AbortController()
  onTestFinished(() => gone.abort())
  const search = new URLSearchParams(query)
  const response = await fetch(`${node.running.url}${buildPath(routes.readLogs, { id })}?${search}`, {
    headers: { 'x-skyclaw-token': token, ...(after !== undefined && { 'last-event-id': after }) },
    signal: gone.signal,
  })
  if (response.status !== 200) throw new Error(`readLogs answered ${response.status}: ${await response.text()}`)
  let text = ''
  const decoder = new TextDecoder()
  try {
    for await (const bytes of response.body!) {
      text += decoder.decode(bytes as Uint8Array, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop()!
      yield* blocks.flatMap((block) => parseEvent(block) ?? [])
    }
  } catch (error) {
    // The coordinator is gone.
    if (!(error instanceof TypeError)) throw error
  }
}

function parseEvent(block: string): LogEvent | undefined {
  const fields = Object.fromEntries(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
  if (fields['event'] === undefined) return undefined
  return { id: fields['id'], event: fields['event'], data: JSON.parse(fields['data']!) as unknown } as LogEvent
}

/** All events that come until there are no more. */
export async function readAll(node: TestCoordinator, id: string, options?: ReadOptions): Promise<LogEvent[]> {
  const events: LogEvent[] = []
  for await (const event of read(node, id, options)) events.push(event)
  return events
}

export function chunksOf(events: readonly LogEvent[], stream: LogStream = 'stdout'): LogChunk[] {
  return events.flatMap(({ event, data }) => (event === 'chunk' && data.stream === stream ? [data] : []))
}

/** The text of a stream, in which each piece must follow the one before. */
export function textOf(events: readonly LogEvent[], stream: LogStream = 'stdout'): string {
  let end: number | undefined
  return chunksOf(events, stream)
    .map(({ offset, bytes, text, base64 }) => {
      if (end !== undefined && offset !== end) throw new Error(`a piece at ${offset} came after ${end} bytes`)
      end = offset + bytes
      return text ?? Buffer.from(base64!, 'base64').toString('latin1')
    })
    .join('')
}

export const place = formatLogPlace

/** The next event. */
export async function next(events: AsyncGenerator<LogEvent, void, void>): Promise<LogEvent> {
  const { value, done } = await events.next()
  if (done || !value) throw new Error('the events ended')
  return value
}
