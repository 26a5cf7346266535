import { createParser, type EventSourceMessage } from 'eventsource-parser'

/** What a body brought at once: events, or none when it was a comment or a part of an event. */
export type Batch = readonly EventSourceMessage[]

/** An event that is still going on is no longer than this; the longest that a coordinator sends has a page of output in it. */
const maxEventChars = 4 * 1_048_576

/** The stream does not speak the protocol. */
export class BrokenStreamError extends Error {
  override readonly name = 'BrokenStreamError'
}

/** Reads server-sent events. Throws a `BrokenStreamError` for one that is too long, and whatever the body throws. */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<Batch> {
  let events: EventSourceMessage[] = []
  let tooLong: Error | undefined
  const parser = createParser({
    maxBufferSize: maxEventChars,
    onEvent: (event) => events.push(event),
    onError: ({ type, message }) => {
      // The standard passes over lines that mean nothing.
      if (type === 'max-buffer-size-exceeded') tooLong = new BrokenStreamError(message)
    },
  })
  const decoder = new TextDecoder()
  for await (const bytes of body) {
    parser.feed(decoder.decode(bytes, { stream: true }))
    if (tooLong) throw tooLong
    yield events
    events = []
  }
}

/** Ends the body with `give up` when it brings nothing for so long. The time that its reader takes is not counted. */
export async function* whileHeard(
  body: AsyncIterable<Uint8Array>,
  silenceMs: number,
  giveUp: (reason: Error) => void,
): AsyncGenerator<Uint8Array> {
  const watch = () => setTimeout(() => giveUp(new Error(`nothing came for ${Math.round(silenceMs)} ms`)), silenceMs)
  let timer = watch()
  try {
    for await (const bytes of body) {
      clearTimeout(timer)
      yield bytes
      timer = watch()
    }
  } finally {
    clearTimeout(timer)
  }
}
