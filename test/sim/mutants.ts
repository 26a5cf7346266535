/** A broken variant of the code: one text in one file replaced by another. */
export interface Mutant {
  readonly name: string
  /** The rule that it breaks. */
  readonly rule: string
  /** From the root of the repository. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
  /**
   * Seeds that caught it, which are run first, for one that fresh seeds catch slowly. When the code has changed so that they do not any more, the fresh ones
   * still do: then it is time to look for others (`pnpm simulate --mutant NAME`).
   */
  readonly knownSeeds?: readonly number[]
  /** It must be caught within so many fresh seeds. */
  readonly budgetSeeds: number
}

const mesh = 'packages/coordinator/src/mesh'

export const mutants: readonly Mutant[] = [
  {
    name: 'small-accept-quorum',
    rule: 'the accept quorum',
    file: `${mesh}/replica-set.ts`,
    find: 'return Math.max(m, Math.floor(replicas.length / 2) + 1)',
    replace: 'return Math.max(1, Math.floor(replicas.length / 2))',
    budgetSeeds: 100,
  },
  {
    name: 'small-prepare-quorum',
    rule: 'the prepare quorum',
    file: `${mesh}/replica-set.ts`,
    find: '  return Math.floor(replicas.length / 2) + 1\n',
    replace: '  return Math.max(1, Math.floor(replicas.length / 2))\n',
    budgetSeeds: 300,
  },
  {
    name: 'accepts-below-promise',
    rule: 'acceptors refuse below their promise',
    file: `${mesh}/acceptor.ts`,
    find: 'if (compareBallots(ballot, row.promised) < 0 || compareBallots(ballot, row.accepted) < 0) {',
    replace: 'if (compareBallots(ballot, row.accepted) < 0) {',
    budgetSeeds: 300,
  },
  {
    name: 'seal-followed-unchosen',
    rule: 'a seal is followed only when chosen',
    file: `${mesh}/proposer.ts`,
    find: "if (highest.proposal.moved) return this.#propose(step, operation, round, highest.proposal, { kind: 'sealed' })",
    replace: `if (highest.proposal.moved) {
      this.#parts.knowledge.learn(step, round.record(highest))
      return this.#begin(step, operation)
    }`,
    knownSeeds: [6, 38, 45],
    budgetSeeds: 1_000,
  },
  {
    name: 'kept-not-written-back',
    rule: 'a kept value is written back before it is answered',
    file: `${mesh}/proposer.ts`,
    find: 'this.#decide(step, operation, round, highest.proposal, same)',
    replace: 'this.#decide(step, operation, round, highest.proposal, true)',
    knownSeeds: [20, 18, 23],
    budgetSeeds: 2_000,
  },
  {
    name: 'kept-not-written-back-at-step-3',
    rule: 'a kept value is written back by a round that started at step 3, too',
    file: `${mesh}/head-start.ts`,
    find: 'from: leftover.proposal, isKnown: false',
    replace: 'from: leftover.proposal, isKnown: true',
    knownSeeds: [1, 10, 13],
    budgetSeeds: 2_000,
  },
  {
    name: 'sole-breaks-its-promise',
    rule: 'the only replica accepts nothing below its promise, either',
    file: `${mesh}/sole-keeper.ts`,
    find: 'if (compareBallots(ballot, row.promised) < 0 || compareBallots(ballot, row.accepted) <= 0) return undefined',
    replace: 'if (compareBallots(ballot, row.accepted) <= 0) return undefined',
    budgetSeeds: 300,
  },
  {
    name: 'sole-overlooks-what-it-accepted',
    rule: 'the only replica goes on from the last value that it accepted',
    file: `${mesh}/sole-keeper.ts`,
    find: ' && compareBallots(row.accepted, known.version.ballot) === 0',
    replace: '',
    budgetSeeds: 300,
  },
  {
    name: 'repeat-sets-promise-back',
    rule: 'a confirmed repeat does not set promised back',
    file: `${mesh}/acceptor.ts`,
    find: "this.#core.hooks.count('repeat_confirmed')",
    replace: `this.#core.hooks.count('repeat_confirmed')
      this.#core.store.putRegister({ ...row, promised: next, touchedAt: step.wall }, this.#isUnlearned(row))`,
    knownSeeds: [6, 9, 27],
    budgetSeeds: 2_000,
  },
  {
    name: 'move-forgotten',
    rule: 'a later generation is remembered by those who leave it (moved)',
    file: `${mesh}/acceptor.ts`,
    find: 'if (known && isLeft(this.#core.rules, request, known)) return this.#moved(request, known)',
    replace: 'if (known && this.#core.rules.isFinal(known.value)) return this.#moved(request, known)',
    knownSeeds: [3_000_059],
    budgetSeeds: 2_000,
  },
  {
    name: 'ballots-used-again',
    rule: 'a ballot number is used once, ever',
    file: `${mesh}/ballot-counter.ts`,
    find: "this.#bound = store.counter('ballot')",
    replace: 'this.#bound = 0',
    budgetSeeds: 500,
  },
  {
    name: 'count-left-behind',
    rule: 'a proposal that leaves beside the fsync uses no number that the fsync is to make durable',
    file: `${mesh}/ballot-counter.ts`,
    find: "this.#store.saveCounter('ballot', this.#bound)\n      step.hold()",
    replace: "this.#store.saveCounter('ballot', this.#bound)",
    budgetSeeds: 100,
  },
  {
    name: 'one-copy-left-behind',
    rule: 'what rests on a value that is on one disk alone leaves after the fsync',
    file: `${mesh}/proposer.ts`,
    find: 'if (place.set.replicas.length === 1) step.hold()',
    replace: '',
    budgetSeeds: 1_000,
  },
  {
    name: 'heir-goes-far-on',
    rule: 'what is left to an heir comes right after the ballot that leaves it: nothing is chosen between the two',
    file: `${mesh}/heir.ts`,
    find: 'return ballotFor(heir, ballot)',
    replace: 'return ballotFor(heir, { ...ballot, n: ballot.n + 3 })',
    budgetSeeds: 100,
  },
  {
    name: 'inheritance-left-behind',
    rule: 'a next round that was left to a coordinator is on its disk before the others hear of it',
    file: `${mesh}/head-start.ts`,
    find: 'if (inherited) step.hold()',
    replace: '',
    budgetSeeds: 100,
  },
  {
    name: 'presumed-not-confirmed',
    rule: 'a round in a presumed register goes on only when that is the right one',
    file: `${mesh}/proposer.ts`,
    find: 'if (!isRight || operation.key !== round.key) this.#begin(step, operation)',
    replace: 'if (!isRight) this.#begin(step, operation)',
    budgetSeeds: 300,
  },
  {
    name: 'next-out-of-thin-air',
    rule: 'a ballot number is used once, ever: one durable counter gives every `next`, too',
    file: `${mesh}/proposer.ts`,
    find: 'round.propose(proposal, ballotLeft(this.#core, round, proposal) ?? this.#parts.ballots.take(step))',
    replace: 'round.propose(proposal, { n: round.ballot.n + 1, node: round.ballot.node })',
    budgetSeeds: 500,
  },
  {
    name: 'promise-not-stored',
    rule: 'an acceptor answers after its write, promise included, is on disk',
    file: `${mesh}/acceptor.ts`,
    find: 'this.#core.store.putRegister({ ...row, promised: ballot, touchedAt: step.wall }, unlearned)',
    replace: 'void unlearned',
    budgetSeeds: 300,
  },
  {
    name: 'sent-before-commit',
    rule: 'an acceptor answers after its write is on disk',
    file: 'packages/coordinator/src/runtime/driver.ts',
    find: 'for (const message of messages) this.#options.mesh.receive(step, from, message)',
    replace: `for (const message of messages) this.#options.mesh.receive(step, from, message)
      for (const sent of step.messages.splice(0)) this.#options.outbox.send(sent.to, [sent.message])`,
    budgetSeeds: 300,
  },
  {
    name: 'orphans-left',
    rule: 'orphans are swept',
    file: `${mesh}/orphans.ts`,
    find: 'for (const [key, orphan] of this.#waiting) {',
    replace: 'for (const [key, orphan] of [] as [string, Orphan][]) {',
    knownSeeds: [16, 17, 35],
    budgetSeeds: 500,
  },
  {
    name: 'gone-ignored',
    rule: 'what is older than the retention and held by nobody asked is gone',
    file: `${mesh}/acceptor.ts`,
    find: 'if (this.#isForgotten(step, request)) {',
    replace: 'if (this.#isForgotten(step, request) && request.key === "") {',
    knownSeeds: [138, 354, 426, 1_547_738_548],
    budgetSeeds: 3_000,
  },
  {
    name: 'twins-unresolved',
    rule: 'twins are resolved when they meet',
    file: `${mesh}/twins.ts`,
    find: 'for (const [base, meeting] of this.#meetings) {',
    replace: 'for (const [base, meeting] of [] as [string, Meeting][]) {',
    knownSeeds: [16, 15, 23],
    budgetSeeds: 1_000,
  },
  {
    name: 'instance-used-again',
    rule: 'a lost disk makes a new instance id',
    file: 'test/sim/world/world.ts',
    find: 'machine.disk.format(this.#newInstance(machine.name))',
    replace: 'machine.disk.format(old)',
    budgetSeeds: 1_000,
  },
  {
    name: 'told-before-durable',
    rule: 'what an answer tells is on disk before it leaves',
    file: 'packages/store/src/group-commit.ts',
    find: 'return turn.isLasting && this.#number !== this.#written',
    replace: 'return turn.isLasting && this.#number > this.#written',
    budgetSeeds: 100,
  },
]
