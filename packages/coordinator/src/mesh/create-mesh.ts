/**
 * How coordinators agree: the mesh.
 *
 * Every record is a register of its own, kept by its replica set, and changed by Paxos on one rewritable value (CASPaxos; Rystsov 2018,
 * arXiv 1802.07000). There is no leader, no election and no log, and two records never wait for each other.
 *
 * **A change** is carried out by whichever coordinator was asked for it (proposer.ts). It asks the replicas to promise a ballot that it
 * uses once, ever; from a majority's answers it takes the accepted value of the highest ballot as the current one, lets `decide` make
 * the next of it, and asks the replicas to accept that. Accepted by M of them, and by more than half, it is *chosen*: only then is the caller
 * answered, and all live coordinators are told (spread.ts). The acceptance promises the proposer's next ballot along the way, so that its own next
 * change of the record takes one round trip (leftovers.ts). Or it promises that ballot to the coordinator that will probably make the next change
 * (heir.ts), which need not even wait until the value is chosen. A value that is kept is written back all the same, unless a
 * majority's promises show that it is the chosen one. Where the only replica is the proposer, all that is one step (sole-keeper.ts). A record under a fresh random key has one possible creator, which starts at the acceptance.
 *
 * **A replica** (acceptor.ts) promises and accepts only upwards, and answers when that is on disk: every method here runs
 * inside one transaction, and what it sends leaves after the commit.
 *
 * **Known values** (knowledge.ts) are what a coordinator learned to be chosen, of every record. Reads and the search for work
 * use them; decisions never do. Coordinators catch up by reading each other's feeds (catch-up.ts).
 *
 * **The replica set changes** (upkeep.ts) by a chosen value that names the next one: it seals its generation, which then takes no change, and the
 * next generation starts from it, elsewhere. A replica that a record has left answers with what it knows instead (`moved`). Requests in
 * generations after the first carry the known value, so that a replica that missed the move can install it.
 * An epoch is the same by force: it begins a record anew from what survived, when no quorum did.
 *
 * **What nobody finished** is found by its replicas: a value that was accepted and not learned is asked about, then written back (orphans.ts).
 *
 * **Records that several may create** (derived keys) carry in their key the lineage, a hash of the replica set. Coordinators that see the same
 * members make the same record; those that do not make twins, of which one gives way (twins.ts, twin-order.ts). Before one is
 * created, all live coordinators are asked (inquiry.ts); beside that question the register is prepared in which it is presumed to be made, and
 * nothing is proposed there before all have answered, or their time is up.
 *
 * **Forgetting.** Final values are pruned by each coordinator when they are older than the retention; values that can still change are written anew before
 * that. So what is older than the retention, and held by nobody asked, is `gone`: a coordinator that was away for a month cannot revive it.
 * An end that was accepted and not learned is not forgotten by its age alone: too few may have accepted it, and then the value before it stands.
 */
import type { LedgerRecord, PeerMessage } from '@skyclaw/protocol'
import { keep } from '../core/decision.ts'
import { Acceptor } from './acceptor.ts'
import { BallotCounter } from './ballot-counter.ts'
import { CatchUp } from './catch-up.ts'
import { type Core, eligible } from './core.ts'
import { Finder } from './find.ts'
import { ForgettingStore } from './forgetting-store.ts'
import { Inquiries } from './inquiry.ts'
import { Knowledge } from './knowledge.ts'
import { Leftovers } from './leftovers.ts'
import { Members } from './members.ts'
import type {
  ChangeRequest,
  ChangeResult,
  FindRequest,
  Mesh,
  MeshHooks,
  MeshMember,
  MeshOptions,
  MeshStatus,
  PulledPage,
  Step,
} from './mesh.ts'
import { Orphans } from './orphans.ts'
import { Proposer } from './proposer.ts'
import { Pace } from './pace.ts'
import { newReplicaSet } from './replica-set.ts'
import { Spread } from './spread.ts'
import type { MeshStore } from './store.ts'
import { Twins } from './twins.ts'
import { Upkeep } from './upkeep.ts'
import type { ValueRules } from './value-rules.ts'
import { isInherited, ownerOf, recordOf } from './version.ts'

export interface MeshParts {
  readonly store: MeshStore
  readonly rules: ValueRules
  readonly hooks: MeshHooks
  readonly options: MeshOptions
  /** From [0, 1). */
  readonly random: () => number
}

const defaults = {
  changeTimeoutMs: 4_000,
  resendMs: 300,
  askTimeoutMs: 500,
  orphanAfterMs: 2_000,
  repairAfterMs: 600_000,
  antiEntropyMs: 1_000,
  maxChanges: 20_000,
  upkeepPerSecond: 50,
} as const

/** Builds the mesh core from what the store holds. To be called inside a turn; nothing is sent before the first input. */
export function createMesh(parts: MeshParts, { now }: Pick<Step, 'now'>): Mesh {
  return new MeshCore(parts, now)
}

class MeshCore implements Mesh {
  readonly #store: ForgettingStore
  readonly #core: Core
  readonly #knowledge: Knowledge
  readonly #acceptor: Acceptor
  readonly #inquiries: Inquiries
  readonly #spread: Spread
  readonly #proposer: Proposer
  readonly #orphans: Orphans
  readonly #twins: Twins
  readonly #upkeep: Upkeep
  readonly #catchUp: CatchUp
  readonly #finder: Finder
  #twinsPossible = 0

  constructor(parts: MeshParts, now: number) {
    const options = { ...defaults, ...parts.options }
    const count: MeshHooks['count'] = (event) => {
      if (event === 'twins_possible') this.#twinsPossible += 1
      parts.hooks.count(event)
    }
    const hooks: MeshHooks = {
      learned: (...learned) => parts.hooks.learned(...learned),
      heir: (value) => parts.hooks.heir?.(value),
      warn: (fields, message) => parts.hooks.warn(fields, message),
      count,
    }
    const members = new Members(options.self, now)
    const store = new ForgettingStore(parts.store, parts.rules, options.retentionMs)
    this.#store = store
    const core = {
      ...parts,
      store,
      hooks,
      options,
      self: options.self,
      members,
      pace: new Pace(),
      ready: () => this.#catchUp.isReady,
    }
    this.#core = core
    const knowledge = new Knowledge(core, (step, record) => {
      this.#orphans.learned(record.key)
      this.#twins.look(step, record)
    })
    this.#knowledge = knowledge
    const ballots = new BallotCounter(store, options.self)
    const leftovers = new Leftovers()
    const acceptor = new Acceptor(core, knowledge, (step, accepted) => {
      const { key, next } = accepted
      this.#orphans.accepted(step, key)
      if (!isInherited(next) || ownerOf(next) !== options.self) return
      leftovers.inherit(accepted)
      ballots.observe(next.n)
      parts.hooks.inherited?.(step, recordOf(accepted))
    })
    this.#acceptor = acceptor
    const inquiries = new Inquiries(core)
    this.#inquiries = inquiries
    const spread = new Spread(core)
    this.#spread = spread
    const proposer = new Proposer({ core, acceptor, knowledge, inquiries, ballots, spread, leftovers })
    this.#proposer = proposer
    this.#orphans = new Orphans({ core, knowledge, inquiries, proposer, spread }, now)
    this.#twins = new Twins(core, proposer)
    this.#upkeep = new Upkeep({
      ...{ core, proposer, inquiries },
      onSeen: (step, record) => this.#twins.look(step, record),
    })
    this.#catchUp = new CatchUp(core, knowledge, now)
    this.#finder = new Finder({ core, knowledge, inquiries, proposer })
  }

  change(step: Step, request: ChangeRequest): void {
    this.#store.wall = step.wall
    if (request.fresh) this.#store.begin(request.key)
    this.#proposer.start(step, request)
  }

  find(step: Step, request: FindRequest): void {
    this.#store.wall = step.wall
    this.#finder.find(step, request)
  }

  receive(step: Step, from: string, message: PeerMessage): void {
    this.#store.wall = step.wall
    switch (message.type) {
      case 'prepare':
      case 'accept':
        return step.send(from, this.#acceptor.answer(step, message))
      case 'promised':
      case 'accepted':
      case 'refused':
      case 'moved':
        return this.#proposer.reply(step, from, message)
      case 'learn':
        return this.#knowledge.hear(step, message)
      case 'ask':
        return step.send(from, this.#inquiries.answer(message))
      case 'told':
        return this.#inquiries.told(step, from, message)
    }
  }

  takePage(step: Step, from: string, page: PulledPage): void {
    this.#store.wall = step.wall
    this.#catchUp.take(step, from, page)
  }

  missPage(step: Step, from: string): void {
    this.#catchUp.miss(step, from)
  }

  setMembers(step: Step, list: readonly MeshMember[]): void {
    this.#store.wall = step.wall
    const mayHelp = this.#core.members.set(list)
    this.#catchUp.meet(step)
    this.#inquiries.meet(step)
    if (mayHelp) this.#orphans.hurry(step.now)
    this.#upkeep.hurry(step.now)
  }

  tick(step: Step): void {
    this.#store.wall = step.wall
    this.#inquiries.tick(step)
    this.#proposer.tick(step)
    this.#spread.tick(step)
    this.#orphans.tick(step)
    this.#twins.tick(step)
    this.#catchUp.tick(step)
    this.#upkeep.tick(step)
  }

  get isQuiet(): boolean {
    const busy =
      this.#proposer.rounds > 0 || this.#inquiries.isAsking || this.#orphans.count > 0 || this.#twins.count > 0
    return !busy && this.#catchUp.isReady
  }

  merge(step: Step, records: readonly LedgerRecord[]): number {
    this.#store.wall = step.wall
    return records.filter((record) => this.#knowledge.learn(step, record, true) === 'news').length
  }

  adopt(step: Step, key: string, done: (result: ChangeResult) => void): void {
    this.#store.wall = step.wall
    const known = this.#core.store.known(key)
    const set = newReplicaSet(key, eligible(this.#core), this.#core.options.minReplications(), this.#core.self)
    const epoch = { n: (known?.version.epoch?.n ?? 0) + 1, node: this.#core.self }
    this.#proposer.start(step, {
      key,
      ...(set && known && { place: { epoch, generation: 0, set }, begins: true }),
      refresh: true,
      decide: () => keep,
      done,
      atEnd: (_step, { ok }) => {
        if (ok) this.#core.hooks.count('epoch_begun')
      },
    })
  }

  rank(record: LedgerRecord): number {
    return this.#core.members.rank(record)
  }

  order(record: LedgerRecord): string[] {
    return this.#core.members.order(record)
  }

  status(): MeshStatus {
    return {
      ready: this.#catchUp.isReady,
      rounds: this.#proposer.rounds,
      orphans: this.#orphans.count,
      ...this.#upkeep.latest,
      unresolvedTwins: this.#twins.count,
      twinsPossible: this.#twinsPossible,
    }
  }
}
