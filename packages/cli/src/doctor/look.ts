import { ProblemResponseError, type SkyclawClient, UnreachableError } from '@skyclaw/client'
import type { ResponseOf, Routes } from '@skyclaw/protocol'

export type NetworkView = ResponseOf<Routes['listPeers']>

/** What one coordinator answered. */
export interface Answer {
  readonly url: string
  /** Whether another coordinator named it, and the user did not. */
  readonly learned?: boolean
  /** What it knows; or else why nobody knows. */
  readonly view?: NetworkView
  readonly failure?: { readonly kind: 'silent' | 'token' | 'other'; readonly message: string }
  /** How far its clock is ahead of this machine's, and how far off that may be; milliseconds. */
  readonly clock?: { readonly aheadMs: number; readonly errorMs: number }
}

export interface Reach {
  readonly configured: readonly string[]
  /** A client of one coordinator alone. */
  readonly clientOf: (url: string) => SkyclawClient
  /** Those of the URLs that the network named which may be sent the token. */
  readonly admit: (urls: readonly string[]) => readonly string[]
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Milliseconds that one coordinator has for its answer. */
const answerMs = 3_000
const maxAsked = 128
/** Those that were asked name others, who name others. */
const maxRounds = 3

/** Makes what asks the configured coordinators, those that they name, and so on. It never rejects. */
export function createLook({ configured, clientOf, admit, now }: Reach): () => Promise<Answer[]> {
  const clients = new Map<string, SkyclawClient>()
  const client = (url: string): SkyclawClient => {
    const one = clients.get(url) ?? clientOf(url)
    clients.set(url, one)
    return one
  }
  return async () => {
    const answers: Answer[] = await Promise.all(configured.map((url) => ask(url, client(url), now)))
    for (let round = 1; round < maxRounds; round += 1) {
      const urls = admit(named(answers)).slice(0, maxAsked - answers.length)
      if (urls.length === 0) break
      const more = await Promise.all(urls.map((url) => ask(url, client(url), now)))
      answers.push(...more.map((answer) => ({ ...answer, learned: true })))
    }
    return answers
  }
}

/** URLs of members, which all have answered a challenge there, as far as they have not been asked. */
function named(answers: readonly Answer[]): string[] {
  const answered = new Set(answers.map(({ view }) => view?.self.instance))
  const asked = new Set(answers.flatMap(({ url, view }) => [url, view?.self.url ?? url]))
  const urls = answers
    .flatMap(({ view }) => view?.peers ?? [])
    .flatMap(({ url, instance, state, troubles = [] }) => {
      if (instance === undefined || answered.has(instance) || asked.has(url) || troubles.includes('unverified'))
        return []
      return state === 'forgotten' || state === 'replaced' ? [] : url
    })
  return [...new Set(urls)]
}

async function ask(url: string, client: SkyclawClient, now: () => number): Promise<Answer> {
  const askedAt = now()
  try {
    const view = await client.peers({ timeoutMs: answerMs })
    const answeredAt = now()
    const theirs = Date.parse(view.self.now ?? '')
    if (Number.isNaN(theirs)) return { url, view }
    return { url, view, clock: { aheadMs: theirs - (askedAt + answeredAt) / 2, errorMs: (answeredAt - askedAt) / 2 } }
  } catch (error) {
    if (error instanceof UnreachableError) {
      return { url, failure: { kind: 'silent', message: error.attempts[0]?.message ?? 'no answer' } }
    }
    const kind = error instanceof ProblemResponseError && error.code === 'unauthorized' ? 'token' : 'other'
    return { url, failure: { kind, message: error instanceof Error ? error.message : String(error) } }
  }
}
