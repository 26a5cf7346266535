/**
 * The ledger over the mesh: changes and claims are inputs of the mesh core, which answers when a change is chosen; everything else is
 * read from what this coordinator knows, in its own database. A lone coordinator is a mesh of one, in which a change is chosen when the
 * turn that made it is on disk.
 *
 * Beside the database there are counts in memory, kept along with every write (queue-index.ts), and the listeners: those who claim are
 * told of a job before its fsync, all others after it. Put together like this:
 *
 *     store = new SqliteMeshStore({ onKnown: (...change) => ledger.noteKnown(...change), … })
 *     mesh = createMesh({ store, hooks: { learned: (...learned) => ledger.noteLearned(...learned), … }, … })
 *     ledger = new MeshLedger({ meshStore: store, mesh, driver: createDriver({ mesh, … }), … })
 */
import { type Durability, type LedgerRecord, limits, ProblemError, type RecordValue } from '@skyclaw/protocol'
import { readCounters, type RecordHead, type Store } from '@skyclaw/store'
import type { Clock } from '../clock.ts'
import { keep } from '../core/decision.ts'
import type { FindRequest, Mesh, Step } from '../mesh/mesh.ts'
import { ownerOf } from '../mesh/version.ts'
import type { Driver } from '../runtime/driver.ts'
import { Adoption, type MayReturn } from './adoption.ts'
import { Calls } from './calls.ts'
import { Changes } from './changes.ts'
import { Claiming } from './claiming.ts'
import { readBriefPage, readFeedPage } from './feed-pages.ts'
import { DueJobs } from './due-jobs.ts'
import type * as port from './ledger.ts'
import { readListPage } from './listing.ts'
import type { SqliteMeshStore } from './mesh-store.ts'
import type { NetworkView } from './network-view.ts'
import { Precedence } from './precedence.ts'
import { prepareQueries, type Queries } from './queries.ts'
import { QueueIndex } from './queue-index.ts'
import { jobOf } from './record-index.ts'
import { baseOf, type RecordKey, type Tag } from './record-key.ts'
import { recordRules } from './record-rules.ts'
import { Schedule } from './schedule.ts'
import { Sequence } from './sequence.ts'
import { standing } from './twins.ts'

export interface MeshLedgerOptions {
  readonly store: Store
  readonly meshStore: SqliteMeshStore
  readonly mesh: Mesh
  readonly driver: Driver
  readonly clock: Clock
  readonly network: NetworkView
  /** Has another coordinator told at once what was chosen here, instead of in a moment. */
  readonly hurry: (instance: string) => void
  /** Each coordinator before this one has a job that just became due for so long to itself; default 15. */
  readonly claimStaggerMs?: number
  /** From [0, 1); default Math.random. */
  readonly random?: () => number
}

/** Twins that are looked at. */
const maxTwins = 8

type Found = Parameters<FindRequest['done']>[0]

export class MeshLedger implements port.Ledger {
  readonly #options: MeshLedgerOptions
  readonly #meshStore: SqliteMeshStore
  readonly #queries: Queries
  readonly #calls: Calls
  readonly #changes: Changes
  readonly #queue = new QueueIndex()
  readonly #listeners = new Set<port.Listener>()
  readonly #precedence: Precedence
  readonly #due: DueJobs
  readonly #schedule: Schedule
  readonly #claiming: Claiming
  readonly #sequence: Sequence

  constructor(options: MeshLedgerOptions) {
    const { store, meshStore, mesh, driver, clock, hurry, random = Math.random } = options
    this.#options = options
    this.#meshStore = meshStore
    this.#queries = prepareQueries(store.db)
    this.#calls = new Calls(driver)
    this.#changes = new Changes(this.#calls)
    this.#queries.loadQueue(this.#queue)
    this.#sequence = new Sequence(readCounters(store.db).sequence, clock.now())
    const precedence = new Precedence({
      ...{ self: store.instanceId, order: (record) => mesh.order(record), hurry },
      nextOf: (key) => {
        const promised = meshStore.register(key)?.promised
        return promised ? ownerOf(promised) : undefined
      },
    })
    this.#precedence = precedence
    this.#due = new DueJobs({
      ...{ clock, precedence, staggerMs: options.claimStaggerMs },
      known: (key) => meshStore.known(key),
    })
    this.#schedule = new Schedule({
      clock,
      driver,
      store: meshStore,
      queries: this.#queries,
      onDue: (key) => {
        const record = meshStore.known(key)!
        this.#queue.addDue(jobOf(record.value).requirementKey, 1, () => jobOf(record.value).requirement)
        return () => this.#due.announce(record)
      },
    })
    this.#claiming = new Claiming({
      ...{ calls: this.#calls, store: meshStore, clock, queue: this.#queue, held: this.#due.held },
      ...{ promote: (step) => this.#schedule.promote(step), givesWay: ({ key }) => !this.#stands(key) },
      ...{ rank: (record) => mesh.rank(record), lost: (record) => precedence.noteLost(record), random },
      offers: this.#due.offers,
    })
  }

  /** To be told of each change of the known records, within its turn. */
  noteKnown(before: RecordHead | undefined, now: RecordHead | undefined, record: LedgerRecord | undefined): void {
    this.#queue.replace(before, now, () => jobOf(record!.value).requirement)
    if (now?.due === 0) this.#schedule.at(now.runAt)
    if (now?.due === 1 && before?.due !== 1) this.#due.noteWritten(record!.value)
  }

  /** To be told of each record that is learned, within its turn; `same`: not its value, only its version is new. */
  noteLearned(step: Step, record: LedgerRecord, same: boolean): void {
    if (!this.#due.noteLearned(step, record, same)) return
    step.after(() => {
      for (const listener of this.#listeners) listener(record.value, record.key)
    })
  }

  /** To be told, within its turn, of each record that was left to this coordinator before it is known to be chosen. */
  noteInherited(step: Step, record: LedgerRecord): void {
    this.#due.noteInherited(step, record)
  }

  /** Which other coordinator a value that is proposed here is left to: the one that took the last such job, if none waits here or is queued. */
  heir(value: RecordValue): string | undefined {
    if (value.kind !== 'job' || value.status !== 'queued') return undefined
    const taker = this.#precedence.takerOf(value)
    const isFree = taker !== undefined && !this.#queue.hasDue(value.requirementKey) && !this.#due.isWanted(value)
    return isFree ? taker : undefined
  }

  get durability(): Durability {
    const { network } = this.#options
    const minimum = network.minReplications()
    const live = 1 + network.members().filter(({ alive, ready, forgotten }) => alive && ready && !forgotten).length
    return { replicas: Math.min(2 * minimum - 1, live), minimum, standalone: network.standalone() }
  }

  async change<V extends RecordValue>(
    key: port.KeyOrBase<V>,
    decide: port.Decide<V>,
    { signal, fresh }: port.CreateOptions = {},
  ): Promise<port.Change<V>> {
    return this.#changes.one({ key, decide, fresh }, signal)
  }

  async changeMany<V extends RecordValue>(changes: readonly port.ChangeRequest<V>[]): Promise<port.ChangeOutcome<V>[]> {
    return this.#changes.many(changes)
  }

  async claim<V extends RecordValue>(
    match: port.ClaimMatch<V>,
    decide: port.Decide<V>,
    limit: number,
    { signal }: port.ChangeOptions = {},
  ): Promise<port.Claimed<V>> {
    return this.#claiming.claim(match, decide, limit, signal)
  }

  async read<V extends RecordValue>(key: port.KeyOrBase<V>, options: port.ReadOptions = {}): Promise<V | null> {
    if (options.consistent) return (await this.change(key, () => keep)).value
    this.#calls.settleOpen()
    const known = this.#known(key)
    if (known || options.locally) return (known?.value ?? null) as V | null
    const search = typeof key === 'string' ? { by: 'key' as const, text: key } : { by: 'base' as const, text: key.base }
    const { records, complete } = await this.#find(search)
    const found = standing(records)
    if (found) return found.value as V
    if (complete) return null
    const detail = `${search.text}: too few coordinators answered to know whether it exists`
    throw new ProblemError('quorum_unreachable', detail, { outcome: 'not_applied' })
  }

  async find<V extends RecordValue>(tag: Tag<V>, { thorough = false }: port.FindOptions = {}): Promise<V[]> {
    if (thorough) return valuesWith(tag, (await this.#find({ by: 'tag', text: tag })).records)
    this.#calls.settleOpen()
    const keys = this.#meshStore.keysWithTag(tag, limits.toldRecords)
    // What was accepted here and not learned yet comes true, or not, by being asked for.
    const unlearned = keys.filter((key) => valuesWith(tag, this.#knownOf([key])).length === 0)
    await Promise.all(unlearned.map((key) => this.change(key, () => keep)))
    return valuesWith(tag, this.#knownOf(keys))
  }

  rank(key: RecordKey<RecordValue>): number {
    const record = this.#meshStore.known(key)
    return record ? this.#options.mesh.rank(record) : 0
  }

  async list(filter: port.ListFilter, page: port.PageRequest): Promise<port.Page<RecordValue>> {
    this.#calls.settleOpen()
    return readListPage(this.#queries, filter, page, (key) => this.#counts(key))
  }

  counts(): port.Counts {
    return this.#queue.counts()
  }

  watch(listener: port.Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  watchDue(listener: port.DueListener, wants: port.Wants = () => false): () => void {
    return this.#due.watch(listener, wants)
  }

  feed(since: number, limit: number, options?: { readonly brief?: false | undefined }): Promise<port.FeedPage>
  feed(
    since: number,
    limit: number,
    options: { readonly brief: boolean | undefined },
  ): Promise<port.FeedPage<port.BriefRecord>>
  async feed(
    since: number,
    limit: number,
    { brief = false }: { readonly brief?: boolean | undefined } = {},
  ): Promise<port.FeedPage<port.BriefRecord>> {
    this.#calls.settle()
    return brief ? readBriefPage(this.#queries, since, limit) : readFeedPage(this.#queries, since, limit)
  }

  async merge(records: readonly LedgerRecord[], { restore = false }: port.MergeOptions = {}): Promise<port.Merged> {
    const changed = await this.#calls.run((step, mesh) => mesh.merge(step, records))
    if (!restore) return { changed, adopted: 0 }
    const { network, store } = this.#options
    const isMember = (instance: string) => instance === store.instanceId || network.isMember(instance)
    const keys = [...new Set(records.map(({ key }) => key))]
    return { changed, adopted: await new Adoption(this.#calls, this.#meshStore, isMember).adopt(keys) }
  }

  async countStranded(keeper: string, mayReturn: MayReturn): Promise<number> {
    return new Adoption(this.#calls, this.#meshStore, mayReturn).countStranded(keeper)
  }

  async adoptStranded(mayReturn: MayReturn): Promise<number> {
    return new Adoption(this.#calls, this.#meshStore, mayReturn).adoptStranded()
  }

  async prune(before: number, limit: number): Promise<number> {
    return this.#calls.run(() => {
      this.#meshStore.pruneRegisters(before, limit)
      return this.#meshStore.pruneFinished(before, limit)
    })
  }

  nextSequence(now: number): number {
    return this.#sequence.next(now)
  }

  async close(): Promise<void> {
    this.stopTimers()
    await this.#calls.close()
  }

  /** Nothing happens of itself any more: the first half of closing, and all there is to do before a store goes away at once. */
  stopTimers(): void {
    this.#schedule.stop()
    this.#due.held.stop()
  }

  #find(search: Pick<FindRequest, 'by' | 'text'>): Promise<Found> {
    return this.#calls.ask((step, mesh, done) => mesh.find(step, { ...search, done }))
  }

  #known(key: port.KeyOrBase<RecordValue>): LedgerRecord | undefined {
    if (typeof key === 'string') return this.#meshStore.known(key)
    return standing(this.#knownOf(this.#meshStore.keysWithBase(key.base, maxTwins)))
  }

  #knownOf(keys: readonly string[]): LedgerRecord[] {
    return keys.flatMap((key) => this.#meshStore.known(key) ?? [])
  }

  /** Of the twins that stay as they are, one counts. Jobs tell by themselves which one stands. */
  #counts(key: string): boolean {
    return key.startsWith('job:') || this.#stands(key)
  }

  #stands(key: string): boolean {
    const base = baseOf(key)
    if (base === undefined) return true
    const known = this.#known({ base, keyFor: (lineage) => base + lineage })
    return known === undefined || known.key === key
  }
}

function valuesWith<V extends RecordValue>(tag: Tag<V>, records: readonly LedgerRecord[]): V[] {
  return records.flatMap(({ value }) => (recordRules.tagOf(value) === tag ? [value as V] : []))
}
