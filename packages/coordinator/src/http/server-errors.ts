import { type ProblemCode, problem, problemContentType } from '@skyclaw/protocol'
import type { FastifyInstance } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const codes: Record<string, ProblemCode> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'payload_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
}

/** The caller has so long to read why it was refused. */
const lingerMs = 1_000

/** Answers what is no HTTP request, before there is a request to handle: still a problem document. */
export function handleClientError(this: FastifyInstance, error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const code = codes[error.code ?? ''] ?? 'invalid_request'
  const document = problem(code, 'the request is not well-formed HTTP, or too slow')
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
  // A peer that never closes its side would keep the socket, and with it the server's close, waiting.
  setTimeout(() => socket.destroy(), lingerMs).unref()
}

/** Node would answer an `Expect` header that it does not know with a bare 417. */
export function handleExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const document = problem('invalid_request', 'the Expect header asks for what this server does not do', {
    field: 'expect',
  })
  const body = JSON.stringify(document)
  response.writeHead(document.status, {
    'content-type': problemContentType,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  })
  response.end(body)
}
