import {
  buildPath,
  Problem,
  type ResponseOf,
  type RouteDefinition,
  type Routes,
  routes,
  tokenHeader,
} from '@skyclaw/protocol'
import { parse } from 'secure-json-parse'
import { Pool } from 'undici'
import { type Check, createCheck } from '../http/validator.ts'
import { Exchange } from './exchange.ts'
import { PeerError } from './peer-error.ts'
import type { Traffic } from './traffic.ts'

export type PeerRoute =
  | 'gossip'
  | 'replicateMessages'
  | 'readFeed'
  | 'joinNetwork'
  | 'probeMember'
  | 'challengeMember'
  | 'putLog'
  | 'closeLog'
  | 'readLogPage'

export interface PeerCall {
  readonly params?: Readonly<Record<string, string | number>>
  readonly query?: Readonly<Record<string, string>>
  /** JSON as text, or bytes as they are. */
  readonly body?: string | Uint8Array
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
  /** Ends it early. */
  readonly signal?: AbortSignal
}

/** Messages, feed and gossip each have one request at a time; one more for each of questions about others and for whoever starts. */
const defaultConnections = 5
const connectTimeoutMs = 2_000
const keepAliveMs = 30_000

const isProblem = createCheck(Problem, 'problem')
const check = (id: PeerRoute) => createCheck(routes[id].response, 'answer')
const checks: Readonly<Record<PeerRoute, Check>> = {
  gossip: check('gossip'),
  replicateMessages: check('replicateMessages'),
  readFeed: check('readFeed'),
  joinNetwork: check('joinNetwork'),
  probeMember: check('probeMember'),
  challengeMember: check('challengeMember'),
  putLog: check('putLog'),
  closeLog: check('closeLog'),
  readLogPage: check('readLogPage'),
}

/** What the answers count as. */
const kinds: Readonly<Record<PeerRoute, string>> = {
  gossip: 'gossip',
  replicateMessages: 'messages',
  readFeed: 'feed',
  joinNetwork: 'join',
  probeMember: 'probe',
  challengeMember: 'challenge',
  putLog: 'logs',
  closeLog: 'logs',
  readLogPage: 'logs',
}

/** Calls another coordinator, and follows it nowhere else: a redirect is no answer. What it answers is checked like a request: it may be broken, or no coordinator at all. */
export class PeerClient {
  readonly url: string
  readonly #pool: Pool
  readonly #path: string
  readonly #token: string | undefined
  readonly #traffic: Traffic
  /** Ends each call that is under way. */
  readonly #underway = new Set<Exchange>()
  #closed = false

  /** Throws a TypeError for what is no URL. Without a token it sends none. */
  constructor(url: string, token: string | undefined, traffic: Traffic, connections = defaultConnections) {
    const { origin, pathname } = new URL(url)
    this.url = url
    this.#path = pathname.replace(/\/+$/, '')
    this.#token = token
    this.#traffic = traffic
    this.#pool = new Pool(origin, {
      connections,
      pipelining: 1,
      connect: { timeout: connectTimeoutMs },
      keepAliveTimeout: keepAliveMs,
      // The time of the call as a whole is limited instead.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  /** Rejects with a PeerError, and with nothing else. */
  async call<Id extends PeerRoute>(id: Id, call: PeerCall): Promise<ResponseOf<Routes[Id]>> {
    const { statusCode, text } = await this.#send(id, call)
    const value = parseAnswer(text)
    if (statusCode !== 200) throw toRefusal(statusCode, value)
    try {
      checks[id](value)
    } catch (error) {
      throw new PeerError('malformed', `answered ${id} with what is not the protocol: ${(error as Error).message}`)
    }
    return value as ResponseOf<Routes[Id]>
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    this.#closed = true
    for (const exchange of this.#underway) exchange.abort(new Error('this coordinator is closing'))
    await this.#pool.destroy()
  }

  async #send(id: PeerRoute, call: PeerCall): Promise<{ statusCode: number; text: string }> {
    const route: RouteDefinition = routes[id]
    const query = new URLSearchParams(call.query)
    const maxBytes = call.maxAnswerBytes
    const exchange = new Exchange({
      maxAnswerBytes: maxBytes,
      tooLong: () => new PeerError('malformed', `answered with more than ${maxBytes} bytes`),
      received: (bytes) => void (this.#traffic.receivedBytes += bytes),
    })
    const abort = () => exchange.abort(new Error('it was given up'))
    const timer = setTimeout(() => exchange.abort(new DOMException('', 'TimeoutError')), call.timeoutMs).unref()
    this.#underway.add(exchange)
    call.signal?.addEventListener('abort', abort)
    if (this.#closed || call.signal?.aborted) abort()
    try {
      this.#pool.dispatch(
        {
          method: route.method,
          path: `${this.#path}${buildPath(route, call.params)}${query.size > 0 ? `?${query}` : ''}`,
          headers: {
            ...(this.#token !== undefined && { [tokenHeader]: this.#token }),
            ...(call.body !== undefined && {
              'content-type': route.bytes ? 'application/octet-stream' : 'application/json',
            }),
          },
          body: call.body ?? null,
        },
        exchange,
      )
      const { statusCode, text, bytes } = await exchange.answer
      this.#traffic.countReceived(kinds[id], bytes)
      if (call.body !== undefined) this.#traffic.sentBytes += Buffer.byteLength(call.body)
      return { statusCode, text }
    } catch (error) {
      if (error instanceof PeerError) throw error
      throw new PeerError('unreachable', `did not answer: ${reasonOf(error, call.timeoutMs)}`, { cause: error })
    } finally {
      clearTimeout(timer)
      call.signal?.removeEventListener('abort', abort)
      this.#underway.delete(exchange)
    }
  }
}

function parseAnswer(text: string): unknown {
  try {
    return parse(text, { protoAction: 'error', constructorAction: 'error' })
  } catch {
    return undefined
  }
}

function toRefusal(status: number, value: unknown): PeerError {
  try {
    isProblem(value)
  } catch {
    return new PeerError('malformed', `answered ${status} without a problem document: is it a coordinator?`)
  }
  const document = value as Problem
  return new PeerError('refused', `refused: ${document.detail} (${document.code})`, { problem: document })
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `nothing came within ${timeoutMs} ms`
  const { code } = error as NodeJS.ErrnoException
  return code ?? error.message
}
