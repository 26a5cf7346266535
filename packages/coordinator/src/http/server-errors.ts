import { type ProblemCode, problem, problemContentType } from '@skyclaw/protocol'
import type { FastifyInstance } from 'fastify'
import type { Socket } from 'node:net'

const codes: Record<string, ProblemCode> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
}

/** Answers what is no HTTP request, before there is a request to handle: still a problem document. */
export function handleClientError(this: FastifyInstance, error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const document = problem(
    codes[error.code ?? ''] ?? 'invalid_request',
    'the request is not well-formed HTTP, or too slow',
  )
  const body = JSON.stringify(document)
  this.log.debug({ err: error }, 'a connection sent no request')
  socket.end(
    [
      `HTTP/1.1 ${document.status} ${document.title}`,
      `content-type: ${problemContentType}`,
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
