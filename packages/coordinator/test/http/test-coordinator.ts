import {
  buildPath,
  type OperationId,
  type ResponseOf,
  type RouteDefinition,
  type Routes,
  routes,
} from '@skyclaw/protocol'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type RunningCoordinator, type ServerOptions, startCoordinator } from '../../src/server.ts'
import { type Answer, expectConforms } from './conformity.ts'

export const token = 'a-token-for-tests'

export interface CallOptions {
  readonly params?: Record<string, string>
  readonly query?: Record<string, string>
  readonly body?: unknown
  readonly key?: string
  readonly headers?: Record<string, string>
  readonly signal?: AbortSignal
}

/** A folder that goes when the test, or the file outside of one, is over. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'skyclaw-http-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A coordinator with a server of its own on a free port, closed when the test is over. */
export async function startTestCoordinator(options: Partial<ServerOptions> = {}): Promise<TestCoordinator> {
  const dbPath = options.dbPath ?? join(scratchFolder(), 'coordinator.db')
  const running = await startCoordinator({ host: '127.0.0.1', port: 0, token, nodeId: 'test', ...options, dbPath })
  onTestFinished(() => running.close())
  return new TestCoordinator(running, 'token' in options ? options.token : token)
}

export class TestCoordinator {
  readonly running: RunningCoordinator
  readonly token: string | undefined

  constructor(running: RunningCoordinator, presented: string | undefined) {
    this.running = running
    this.token = presented
  }

  get port(): number {
    return Number(new URL(this.running.url).port)
  }

  /** Calls an operation over HTTP. Whatever it answers must conform to the protocol. */
  async call(id: OperationId, options: CallOptions = {}): Promise<Answer> {
    const route: RouteDefinition = routes[id]
    const query = new URLSearchParams(options.query)
    const url = `${this.running.url}${buildPath(route, options.params)}${query.size > 0 ? `?${query}` : ''}`
    const response = await fetch(url, {
      method: route.method,
      headers: {
        ...(this.token !== undefined && { 'x-skyclaw-token': this.token }),
        ...(options.body !== undefined && { 'content-type': 'application/json' }),
        ...(options.key !== undefined && { 'x-idempotency-key': options.key }),
        ...options.headers,
      },
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
      ...(options.signal && { signal: options.signal }),
    })
    const text = await response.text()
    const answer = { status: response.status, headers: Object.fromEntries(response.headers), text }
    expectConforms(id, answer)
    return answer
  }

  /** The same for a call that must succeed: its answer, parsed. */
  async ok<Id extends OperationId>(id: Id, options: CallOptions = {}): Promise<ResponseOf<Routes[Id]>> {
    const { status, text } = await this.call(id, options)
    if (status !== 200) throw new Error(`${id} answered ${status}: ${text}`)
    return JSON.parse(text) as ResponseOf<Routes[Id]>
  }
}

export const shellJob = (command = 'true') => ({ payload: { kind: 'shell' as const, command } })

export const shellHost = (hostId: string) => ({ hostId, name: hostId, capabilities: ['shell'] })

/** What a host reports of an attempt that went well. */
export const report = (hostId: string, attempt = 1) => ({
  hostId,
  attempt,
  success: true,
  durationMs: 1,
  exitCode: 0,
  stdout: 'out',
  stderr: '',
})
