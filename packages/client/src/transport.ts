export interface TransportRequest {
  method: 'GET' | 'POST' | 'PUT'
  url: string
  headers: Record<string, string>
  body?: string | Uint8Array
  /** Aborted when the attempt's time is up or the caller gave up. */
  signal: AbortSignal
  /** Whether it only asks for a sign of life: it must not wait for a connection behind requests that wait for their answers. */
  ping?: true
  /** A longer answer is refused with a `TooLargeError`, without reading it to its end. */
  maxResponseBytes: number
}

export interface TransportResponse {
  status: number
  /** The `retry-after` header, when there is one. */
  retryAfter?: string
  /** The `location` header, when there is one. Redirects are not followed: the token is for the coordinator alone. */
  location?: string
  body: string
}

/**
 * Sends one request, once, and reads the whole answer. Any status is an answer. Rejects when there was none:
 * with the network's error, or with the signal's reason.
 */
export interface Transport {
  send(request: TransportRequest): Promise<TransportResponse>
  close(): Promise<void>
}

/** An answer longer than `maxResponseBytes`. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError'

  constructor(maxResponseBytes: number) {
    super(`the answer is larger than ${maxResponseBytes} bytes (maxResponseBytes)`)
  }
}

/** Reads a body of at most `maxResponseBytes` as UTF-8. Leaving the loop early closes the connection. */
export async function readBounded(chunks: AsyncIterable<Uint8Array>, maxResponseBytes: number): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.byteLength
    if (size > maxResponseBytes) throw new TooLargeError(maxResponseBytes)
    parts.push(chunk)
  }
  return Buffer.concat(parts, size).toString('utf8')
}
