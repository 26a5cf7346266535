import type { ServerResponse } from 'node:http'
import { formatLogPlace, parseLogPlace } from '@skyclaw/protocol'
import type { Received } from './serve.ts'

/** One event as it travels. */
export function event(name: string, id: string, data: unknown): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

export function begin(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' })
  response.flushHeaders()
}

export const attemptOne = { attempt: 1, hostId: 'h', startedAt: '2026-11-22T10:00:00.000Z' }
export const ended = { status: 'completed', complete: true }

export interface Piece {
  readonly stream?: 'stdout' | 'stderr'
  readonly offset: number
  readonly text?: string
  readonly base64?: string
}

/** A piece of the first attempt. Its id says where the reader is then, on this stream alone. */
export function piece({ stream = 'stdout', offset, text, base64 }: Piece): string {
  const bytes = text === undefined ? Buffer.from(base64 ?? '', 'base64').length : Buffer.byteLength(text)
  const place = { attempt: 1, stdout: 0, stderr: 0, [stream]: offset + bytes }
  return event('chunk', formatLogPlace(place), { attempt: 1, stream, offset, bytes, text, base64 })
}

/** Where a reader wants to go on on stdout. */
export function fromOf({ headers }: Received): number {
  return parseLogPlace(String(headers['last-event-id'] ?? ''))?.stdout ?? 0
}
