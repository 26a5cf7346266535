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

/** A request whose answer may go on for ever. */
export type StreamRequest = Omit<TransportRequest, 'maxResponseBytes' | 'ping'>

/** An answer whose body is read as it comes. */
export interface TransportStream extends Omit<TransportResponse, 'body'> {
  /** The `content-type` header, when there is one. */
  contentType?: string
  /** Nothing more is read from the network than is taken from here. Leaving the loop early closes the connection. */
  body: AsyncIterable<Uint8Array>
}

/** Sends requests, each once. Any status is an answer. Rejects when there was none: with the network's error, or with the signal's reason. */
export interface Transport {
  /** Reads the whole answer. */
  send(request: TransportRequest): Promise<TransportResponse>
  /**
   * Resolves once the head of the answer is there. The signal ends the body, too: its iteration then throws. Such an answer keeps
   * its connection for as long as it goes on, so it must not be one that other requests wait for.
   */
  open(request: StreamRequest): Promise<TransportStream>
  close(): Promise<void>
}

/** An answer longer than `maxResponseBytes`. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError'

  constructor(maxResponseBytes: number) {
    super(`the answer is larger than ${maxResponseBytes} bytes (maxResponseBytes)`)
  }
}

/** Reads an answer to its end, of at most `maxResponseBytes` of UTF-8. */
export async function readWhole(
  { body, ...head }: TransportStream,
  maxResponseBytes: number,
): Promise<TransportResponse> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > maxResponseBytes) throw new TooLargeError(maxResponseBytes)
    parts.push(chunk)
  }
  return { ...head, body: Buffer.concat(parts, size).toString('utf8') }
}
