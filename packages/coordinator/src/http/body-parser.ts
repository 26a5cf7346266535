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
  app.addHook('preParsing', async (request) => refuseOddBody(request))
  app.addHook('preValidation', async (request) => {
    if (request.body !== undefined) return
    if (request.routeOptions.config.bytes) request.body = Buffer.alloc(0)
    else if (request.method === 'POST') request.body = {}
  })
}

/** Whether the head of a request announces a body. */
export function announcesBody({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function refuseOddBody(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') {
    throw new ProblemError('unsupported_media_type', 'bodies are taken without a content encoding', {
      field: 'content-encoding',
    })
  }
  if (!announcesBody(request)) return
  const { bytes = false } = request.routeOptions.config
  if (request.method !== 'POST' && !bytes) {
    throw new ProblemError('invalid_request', `a ${request.method} request has no body`, { field: 'body' })
  }
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (bytes !== (type === bytesType)) {
    const wanted = bytes ? bytesType : 'application/json'
    throw new ProblemError('unsupported_media_type', `this route takes ${wanted}`, { field: 'content-type' })
  }
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined
  if (!isUtf8(body)) throw new ProblemError('invalid_request', 'the body is not valid UTF-8', { field: 'body' })
  const value = parseText(body.toString())
  if (isDeeper(value, maxDepth)) {
    const detail = `the body nests more than ${maxDepth} levels deep`
    throw new ProblemError('invalid_request', detail, { field: 'body' })
  }
  const field = findEndless(value)
  if (field !== undefined) {
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

/** Goes down level by level, not call by call. */
function isDeeper(value: unknown, levels: number): boolean {
  let level = [value].filter(isContainer)
  for (let depth = 0; depth < levels && level.length > 0; depth += 1) {
    level = level.flatMap((container) => Object.values(container).filter(isContainer))
  }
  return level.length > 0
}

/** The place of a number that JSON can write and that a double cannot hold: it was read as infinite. */
function findEndless(value: unknown, place = 'body'): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : place
  if (!isContainer(value)) return undefined
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner !== 'number' && !isContainer(inner)) continue
    const found = findEndless(inner, place === 'body' ? name : `${place}.${name}`)
    if (found !== undefined) return found.slice(0, 256)
  }
  return undefined
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
