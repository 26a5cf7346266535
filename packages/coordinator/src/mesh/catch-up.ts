import type { Core } from './core.ts'
import type { Knowledge } from './knowledge.ts'
import type { PulledPage, PulledRecord, Step } from './mesh.ts'
import { compareVersions } from './version.ts'

/** Records of one page. */
const page = 500
/** A coordinator that finds nobody alive for so long after its start has nothing to catch up with. */
const aloneAfterMs = 3_000
/** A pull that is not answered is given up after so long. */
const pullTimeoutMs = 10_000
const pauseAfterMissMs = 1_000
/** What is news in the feed of one whose learn messages arrive has so long to come by itself. */
const underwayMs = 500

interface Peer {
  /** Read to its end once since it came alive, or since something of it was missing. */
  caughtUp: boolean
  /** Monotonic milliseconds: until when an answer is awaited. */
  pullingUntil: number
  notBefore: number
  /** A page from the first news on, and when that has had its time to come by itself. */
  aside: { readonly news: PulledPage; readonly dueAt: number } | undefined
}

/**
 * Reads the feeds of the others: of each, to its end, when it comes alive; later of one at a time, by chance. A page without values is
 * enough while it holds nothing new, so that what came by learn messages does not travel again. What is new in it may be on its way by a
 * learn message: the page is put aside for a moment, and only what is still missing then is read.
 */
export class CatchUp {
  readonly #core: Core
  readonly #knowledge: Knowledge
  readonly #peers = new Map<string, Peer>()
  readonly #startedAt: number
  #ready: boolean
  #nextPullAt = 0

  constructor(core: Core, knowledge: Knowledge, startedAt: number) {
    this.#core = core
    this.#knowledge = knowledge
    this.#startedAt = startedAt
    this.#ready = core.store.counter('bootstrapped') === 1
  }

  get isReady(): boolean {
    return this.#ready
  }

  /** The members have changed. */
  meet(step: Step): void {
    const alive = new Set(this.#core.members.alive())
    for (const instance of this.#peers.keys()) if (!alive.has(instance)) this.#peers.delete(instance)
    for (const instance of alive) {
      if (!this.#peers.has(instance)) this.#peers.set(instance, newPeer())
    }
    this.#pullBehind(step)
    this.#noteReady(step)
  }

  tick(step: Step): void {
    this.#pullBehind(step)
    this.#takeAsides(step)
    this.#noteReady(step)
    if (step.now < this.#nextPullAt) return
    const { options, random } = this.#core
    this.#nextPullAt = step.now + options.antiEntropyMs * (0.5 + random())
    const idle = [...this.#peers].filter(([, peer]) => peer.caughtUp && !peer.aside && peer.pullingUntil <= step.now)
    const chosen = idle[Math.floor(random() * idle.length)]
    if (chosen) this.#pullOn(step, ...chosen)
  }

  take(step: Step, from: string, pulled: PulledPage): void {
    const { request, records, next, more } = pulled
    const { store } = this.#core
    const peer = this.#peers.get(from)
    if (peer) peer.pullingUntil = 0
    // Another answer was here before.
    if (store.feedCursor(from) !== request.since) return
    if (request.brief) {
      const first = records.findIndex((record) => this.#isNews(record))
      if (first !== -1) {
        // What stands before the news is read.
        if (first > 0) store.saveFeedCursor(from, records[first - 1]!.seq)
        return peer && this.#takeNews(step, from, peer, { ...pulled, records: records.slice(first) })
      }
    }
    for (const { record } of records) if (record) this.#knowledge.learn(step, record)
    if (next > request.since) store.saveFeedCursor(from, next)
    if (!peer) return
    if (more) this.#pullOn(step, from, peer)
    else peer.caughtUp = true
    this.#noteReady(step)
  }

  miss(step: Step, from: string): void {
    const peer = this.#peers.get(from)
    if (peer) Object.assign(peer, { pullingUntil: 0, notBefore: step.now + pauseAfterMissMs })
  }

  #pullBehind(step: Step): void {
    for (const [instance, peer] of this.#peers) {
      const idle = !peer.caughtUp && peer.pullingUntil <= step.now && peer.notBefore <= step.now
      if (idle) this.#pullOn(step, instance, peer)
    }
  }

  /** A brief page whose first record is news. */
  #takeNews(step: Step, from: string, peer: Peer, news: PulledPage): void {
    if (!peer.caughtUp) {
      // New records come behind it all the time: it has been read to the end that it had.
      peer.caughtUp = !news.more
      return this.#pull(step, from, peer, news.records.findLastIndex((record) => this.#isNews(record)) + 1)
    }
    const request = { ...news.request, since: this.#core.store.feedCursor(from) }
    peer.aside = { news: { ...news, request }, dueAt: step.now + underwayMs }
  }

  /** What is still news in a page that was put aside is missing, and more may be. */
  #takeAsides(step: Step): void {
    for (const [from, peer] of this.#peers) {
      if (!peer.aside || step.now < peer.aside.dueAt) continue
      const { news } = peer.aside
      peer.aside = undefined
      peer.caughtUp = !news.records.some((record) => this.#isNews(record))
      this.take(step, from, news)
    }
  }

  #isNews({ key, version }: PulledRecord): boolean {
    const standing = this.#core.store.standing(key)
    return !standing || (!standing.isFinal && compareVersions(version, standing.version) > 0)
  }

  /** The next page: without values, unless nearly everything is news because this coordinator is new itself. */
  #pullOn(step: Step, from: string, peer: Peer): void {
    this.#pull(step, from, peer, this.#ready ? undefined : page)
  }

  /** @param values how many records to read with their values; undefined: a page without any */
  #pull(step: Step, from: string, peer: Peer, values: number | undefined): void {
    peer.pullingUntil = step.now + pullTimeoutMs
    const since = this.#core.store.feedCursor(from)
    step.pull(from, { since, limit: values ?? page, brief: values === undefined })
  }

  /** Caught up once, for good: with all who live, or with nobody when nobody does. */
  #noteReady(step: Step): void {
    if (this.#ready) return
    const { members } = this.#core
    const alone = this.#peers.size === 0
    const expected = members.expected()
    if (alone && expected.length > 0 && step.now < this.#startedAt + aloneAfterMs) return
    // There is somebody to catch up with, who cannot be reached yet.
    if (alone && expected.some(({ since }) => since === Number.POSITIVE_INFINITY)) return
    for (const { caughtUp } of this.#peers.values()) if (!caughtUp) return
    this.#ready = true
    this.#core.store.saveCounter('bootstrapped', 1)
  }
}

function newPeer(): Peer {
  return { caughtUp: false, pullingUntil: 0, notBefore: 0, aside: undefined }
}
