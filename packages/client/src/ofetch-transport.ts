import { ofetch } from 'ofetch'
import { readWhole, type StreamRequest, type Transport, type TransportStream } from './transport.ts'

/** The default transport: ofetch over the platform's fetch, without its retries (failover does them). */
export function ofetchTransport(): Transport {
  return {
    send: async (request) => readWhole(await open(request), request.maxResponseBytes),
    // The platform's fetch has as many connections as are asked for.
    open,
    async close() {},
  }
}

async function open({ method, url, headers, body, signal }: StreamRequest): Promise<TransportStream> {
  const response = await ofetch.raw(url, {
    method,
    headers,
    signal,
    redirect: 'manual',
    retry: 0,
    ignoreResponseError: true,
    responseType: 'stream',
    ...(body !== undefined && { body }),
  })
  // ofetch's name for the body.
  const { _data: stream, headers: answered } = response
  const retryAfter = answered.get('retry-after')
  const location = answered.get('location')
  const contentType = answered.get('content-type')
  return {
    status: response.status,
    body: stream ?? nothing(),
    ...(retryAfter !== null && { retryAfter }),
    ...(location !== null && { location }),
    ...(contentType !== null && { contentType }),
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
