/**
 * How jobs are claimed over the mesh. A claim looks for the best due records that match, and races for each, one change of the mesh per
 * record, all at once; those it loses it replaces by the next, until it has enough or there are no more.
 *
 * Two coordinators that want one job duel, and both lose time. So within one coordinator no two claims race for one job, and between
 * coordinators a job that has just become due is left to those who go before this one for a moment (held-candidates.ts). Where many
 * wait for many jobs, all would still race for the head of the same queue: for a while after a lost race a claim passes by some jobs
 * that others go first for, when there are such of its own of no lower priority. Every so often it does not, so that no job is passed
 * by for ever.
 */
import { type LedgerRecord, type ProblemCode, ProblemError, type RecordValue } from '@skyclaw/protocol'
import type { Clock } from '../clock.ts'
import type { ChangeResult, Mesh, Step } from '../mesh/mesh.ts'
import { PassingSet } from '../mesh/passing-map.ts'
import type { Calls } from './calls.ts'
import { candidates } from './candidates.ts'
import type { HeldCandidates } from './held-candidates.ts'
import type { Claimed, ClaimMatch, Decide } from './ledger.ts'
import type { SqliteMeshStore } from './mesh-store.ts'
import type { Offers } from './offers.ts'
import type { QueueIndex } from './queue-index.ts'
import type { RecordKey } from './record-key.ts'

export interface ClaimingOptions {
  readonly calls: Calls
  readonly store: Pick<SqliteMeshStore, 'known' | 'due'>
  readonly clock: Clock
  readonly queue: Pick<QueueIndex, 'lanesFor'>
  readonly held: HeldCandidates
  readonly offers: Offers
  /** Called first in each look: what has become due meanwhile is then a candidate. */
  readonly promote: (step: Step) => void
  /** Whether the record has a twin that stands in its place: it is about to give way. */
  readonly givesWay: (record: LedgerRecord) => boolean
  /** This coordinator's place among those who may act on a record. */
  readonly rank: (record: LedgerRecord) => number
  /** To be told of a record that another coordinator took, as it is known here. */
  readonly lost: (record: LedgerRecord) => void
  /** From [0, 1). */
  readonly random: () => number
}

/** When a candidate is being raced for by another claim of this coordinator, it may be free again after so long. */
const busyMs = 100

/** When no quorum answered, a candidate is left alone for so long. */
const noQuorumMs = 300

/** A job whose twin stands is left alone for so long: by then it should have given way. */
const twinMs = 1_000

/** Looks of one claim at most; a claim that lost so many times leaves it to the next. */
const maxLooks = 16

/** For so long after a lost race this coordinator avoids others. */
const contendedMs = 1_000

/** How many jobs of others a claim passes by then, and the share of looks that pass by none. */
const maxPassedBy = 32
const strictShare = 1 / 8

/** Nothing was taken, and nothing could be now. */
const noQuorum: readonly ProblemCode[] = ['quorum_unreachable', 'insufficient_replicas', 'too_busy']

interface Claim<V extends RecordValue> {
  readonly match: ClaimMatch<V>
  readonly decide: Decide<V>
  readonly limit: number
  readonly signal: AbortSignal | undefined
  readonly tried: Set<string>
  readonly values: V[]
  /** Milliseconds since 1970. */
  tryAgainAt: number
}

type Ended<V> =
  | { readonly kind: 'taken'; readonly value: V }
  | { readonly kind: 'lost' | 'no_quorum' }
  | { readonly kind: 'failed'; readonly error: Error }

export class Claiming {
  readonly #options: ClaimingOptions
  /** Keys that a claim of this coordinator races for. */
  readonly #racing = new PassingSet<string>()
  /** Monotonic milliseconds. */
  #lostAt = Number.NEGATIVE_INFINITY

  constructor(options: ClaimingOptions) {
    this.#options = options
  }

  async claim<V extends RecordValue>(
    match: ClaimMatch<V>,
    decide: Decide<V>,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<Claimed<V>> {
    const tryAgainAt = Number.POSITIVE_INFINITY
    const claim: Claim<V> = { match, decide, limit, signal, tried: new Set(), values: [], tryAgainAt }
    const { values } = claim
    for (let look = 0; look < maxLooks && values.length < limit; look += 1) {
      try {
        if (!(await this.#look(claim))) break
      } catch (error) {
        // What was taken by then has to reach its host.
        if (values.length === 0) throw error
        break
      }
    }
    const later = values.length === 0 && Number.isFinite(claim.tryAgainAt)
    return { values, ...(later && { tryAgainAt: claim.tryAgainAt }) }
  }

  /** One race for each of the best candidates. Answers whether another look can find more. */
  async #look<V extends RecordValue>(claim: Claim<V>): Promise<boolean> {
    const wanted = claim.limit - claim.values.length
    const races = await this.#options.calls.run((step, mesh) => {
      if (claim.signal?.aborted) return []
      this.#options.promote(step)
      return this.#choose(claim, wanted).map((key) => this.#race(step, mesh, key, claim))
    })
    const ended = await Promise.all(races)
    for (const race of ended) if (race.kind === 'taken') claim.values.push(race.value)
    const failed = ended.find((race) => race.kind === 'failed')
    if (failed) throw failed.error
    const lost = ended.some(({ kind }) => kind === 'lost') && !ended.some(({ kind }) => kind === 'no_quorum')
    return lost && races.length === wanted
  }

  /** Keys to race for, chosen before any of them is changed. */
  #choose<V extends RecordValue>(claim: Claim<V>, wanted: number): RecordKey<V>[] {
    const { clock } = this.#options
    const keys: RecordKey<V>[] = []
    for (const record of this.#inOrder(claim, wanted)) {
      const withheldUntil = claim.match.withheldUntil?.(record.value as V) ?? 0
      if (withheldUntil <= clock.now()) keys.push(record.key)
      else claim.tryAgainAt = Math.min(claim.tryAgainAt, withheldUntil)
      if (keys.length === wanted) break
    }
    return keys
  }

  /** Free candidates, the most urgent first, but for those that are passed by. */
  *#inOrder<V extends RecordValue>(claim: Claim<V>, wanted: number): Generator<LedgerRecord> {
    const { queue, store, held, offers, clock, givesWay, rank, random } = this.#options
    const contended = clock.monotonic() - this.#lostAt < contendedMs && random() >= strictShare
    const passedBy: LedgerRecord[] = []
    let priority = 0
    for (const candidate of candidates(queue.lanesFor(claim.match.accepts), wanted, (requirementKey, limit) =>
      store.due(requirementKey, limit),
    )) {
      if (!this.#isFree(claim, candidate.key)) continue
      const record = store.known(candidate.key)
      if (!record) throw new Error(`${candidate.key} is due and not known`)
      if (givesWay(record)) {
        held.hold(record.key, twinMs)
        continue
      }
      if (passedBy.length === maxPassedBy || candidate.priority < priority) yield* passedBy.splice(0)
      if (!contended || rank(record) === 0) {
        yield record
        continue
      }
      passedBy.push(record)
      priority = candidate.priority
    }
    yield* passedBy
    for (const offered of offers.matching(claim.match.accepts)) {
      if (this.#isFree(claim, offered.key) && !givesWay(offered)) yield offered
    }
  }

  #isFree<V extends RecordValue>(claim: Claim<V>, key: string): boolean {
    if (claim.tried.has(key)) return false
    const leftMs = this.#racing.has(key) ? busyMs : this.#options.held.leftMs(key)
    if (leftMs > 0) claim.tryAgainAt = Math.min(claim.tryAgainAt, this.#options.clock.now() + Math.ceil(leftMs))
    return leftMs === 0
  }

  #race<V extends RecordValue>(step: Step, mesh: Mesh, key: RecordKey<V>, claim: Claim<V>): Promise<Ended<V>> {
    claim.tried.add(key)
    this.#racing.add(key)
    this.#options.offers.delete(key)
    const result = this.#options.calls.expect<ChangeResult>((answer) => {
      mesh.change(step, {
        key,
        decide: (current) => claim.decide(current as V | null, key),
        abandoned: () => claim.signal?.aborted ?? false,
        done: (ended) => {
          this.#racing.delete(key)
          answer(ended)
        },
      })
    })
    return result.then((ended) => this.#judge(key, claim, ended))
  }

  #judge<V extends RecordValue>(key: RecordKey<V>, claim: Claim<V>, result: ChangeResult): Ended<V> {
    const { clock, held, store, lost } = this.#options
    if (result.ok) return result.changed ? { kind: 'taken', value: result.value as V } : { kind: 'lost' }
    const { error } = result
    if (claim.signal?.aborted) {
      // Others who wait here may have passed it by meanwhile.
      held.hold(key, 0)
      return { kind: 'lost' }
    }
    if (!(error instanceof ProblemError)) return { kind: 'failed', error }
    if (noQuorum.includes(error.code)) {
      held.hold(key, noQuorumMs)
      claim.tryAgainAt = Math.min(claim.tryAgainAt, clock.now() + noQuorumMs)
      return { kind: 'no_quorum' }
    }
    // Only a record that somebody else took refuses to be taken.
    this.#lostAt = clock.monotonic()
    const record = store.known(key)
    if (record) lost(record)
    return { kind: 'lost' }
  }
}
