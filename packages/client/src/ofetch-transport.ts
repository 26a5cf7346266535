import { ofetch } from 'ofetch'
import { readBounded, type Transport } from './transport.ts'

/** The default transport: ofetch over the platform's fetch, without its retries (failover does them). */
export function ofetchTransport(): Transport {
  return {
    async send({ method, url, headers, body, signal, maxResponseBytes }) {
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
      const { _data: stream } = response
      const retryAfter = response.headers.get('retry-after')
      const location = response.headers.get('location')
      return {
        status: response.status,
        body: stream ? await readBounded(stream, maxResponseBytes) : '',
        ...(retryAfter !== null && { retryAfter }),
        ...(location !== null && { location }),
      }
    },
    async close() {},
  }
}
