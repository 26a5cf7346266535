import { ProblemError } from '@skyclaw/protocol'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isUtf8 } from 'node:buffer'
import { parse } from 'secure-json-parse'

/** No request needs more; what walks over a body one call a level would run out of stack on a deep one. */
const maxDepth = 32

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is bytes, and not JSON. */
    readonly bytes?: boolean
  }
}

const bytesType = 'application/octet-stream'

/** Bodies are JSON in UTF-8, where no body is an empty object, or, on routes that say so, bytes; nothing else. */
export function useBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(bytesType, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
    try {
      done(null, parseJson(body))
    } catch (error) {
      done(error as Error)
    }
  })
  app.addHook('preParsing', (request, _reply, _payload, done) => done(oddBody(request)))
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.body === undefined) {
      if (request.routeOptions.config.bytes) request.body = Buffer.alloc(0)
      else if (request.method === 'POST') request.body = {}
    }
    done()
  })
}

/** Whether the head of a request announces a body. */
export function announcesBody({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** What is wrong with a body by its headers alone. */
function oddBody(request: FastifyRequest): ProblemError | undefined {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') {
    return new ProblemError('unsupported_media_type', 'bodies are taken without a content encoding', {
      field: 'content-encoding',
    })
  }
  if (!announcesBody(request)) return undefined
  const { bytes = false } = request.routeOptions.config
  if (request.method !== 'POST' && !bytes) {
    return new ProblemError('invalid_request', `a ${request.method} request has no body`, { field: 'body' })
  }
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (bytes === (type === bytesType)) return undefined
  const wanted = bytes ? bytesType : 'application/json'
  return new ProblemError('unsupported_media_type', `this route takes ${wanted}`, { field: 'content-type' })
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined
  if (!isUtf8(body)) throw new ProblemError('invalid_request', 'the body is not valid UTF-8', { field: 'body' })
  const value = parseText(body.toString())
  const odd = findOdd(value, 0)
  if (odd === 'deep') {
    const detail = `the body nests more than ${maxDepth} levels deep`
    throw new ProblemError('invalid_request', detail, { field: 'body' })
  }
  if (odd !== undefined) {
    const field = odd.length === 0 ? 'body' : odd.join('.').slice(0, 256)
    throw new ProblemError('invalid_request', `${field} is a number that is too large`, { field })
  }
  return value
}

function parseText(text: string): unknown {
  try {
    return parse(text, { protoAction: 'error', constructorAction: 'error' })
  } catch (error) {
    const detail = `the body is not valid JSON: ${withoutExcerpt((error as Error).message)}`
    throw new ProblemError('invalid_request', detail, { field: 'body' })
  }
}

/** Some of the parser's sentences cite the text around the place, and secrets may stand there: `…, "{"a": b" is not valid JSON`. */
function withoutExcerpt(message: string): string {
  return message
    .replace(/, (\.\.\.)?".*"(\.\.\.)? is not valid JSON$/s, '')
    .replace(/^Unexpected token '.*'$/s, 'Unexpected token')
}

/**
 * One walk, at most `maxDepth` calls deep, for what JSON can say and nothing here can use: the path of a number that a double cannot
 * hold, so that it was read as infinite, or `deep` when there is more below.
 */
function findOdd(value: unknown, depth: number): string[] | 'deep' | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : []
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === maxDepth) return 'deep'
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const inner: unknown = value[index]
      const found = typeof inner === 'string' ? undefined : findOdd(inner, depth + 1)
      if (found !== undefined) return within(String(index), found)
    }
    return undefined
  }
  for (const name in value) {
    const inner = (value as Record<string, unknown>)[name]
    const found = typeof inner === 'string' ? undefined : findOdd(inner, depth + 1)
    if (found !== undefined) return within(name, found)
  }
  return undefined
}

const within = (name: string, found: string[] | 'deep') => (found === 'deep' ? found : [name, ...found])
