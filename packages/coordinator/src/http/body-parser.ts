import { ProblemError } from '@skyclaw/protocol'
import type { FastifyInstance } from 'fastify'
import { isUtf8 } from 'node:buffer'
import { parse } from 'secure-json-parse'

/** Bodies are JSON in UTF-8 and nothing else; no body is an empty object. */
export function useJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
    try {
      done(null, parseJson(body))
    } catch (error) {
      done(error as Error)
    }
  })
  app.addHook('preValidation', async (request) => {
    if (request.method === 'POST') request.body ??= {}
  })
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined
  if (!isUtf8(body)) throw new ProblemError('invalid_request', 'the body is not valid UTF-8', { field: 'body' })
  try {
    return parse(body.toString(), { protoAction: 'error', constructorAction: 'error' })
  } catch (error) {
    throw new ProblemError('invalid_request', `the body is not valid JSON: ${(error as Error).message}`, {
      field: 'body',
    })
  }
}
