/**
 * Broken variants of the coordinator: each takes one rule away. A simulator that cannot find a bug that is there proves nothing, so each
 * must be found by the same random runs that look for bugs nobody knows of.
 *
 * They are patches of the sources, applied as these are loaded (mutant-hook.ts): the product knows nothing of them.
 */
export interface Mutant {
  readonly name: string
  /** The rule that it breaks. */
  readonly rule: string
  /** From the top of the repository. */
  readonly file: string
  /** Stands exactly once in the file. */
  readonly find: string
  readonly replace: string
  /** Seeds within which it must be found. */
  readonly budget: number
}

const mesh = 'packages/coordinator/src/mesh'

export const mutants: readonly Mutant[] = [
  {
    name: 'accept-quorum',
    rule: 'a value is chosen by M replicas and by more than half of them',
    file: `${mesh}/replica-set.ts`,
    find: 'return Math.max(m, Math.floor(replicas.length / 2) + 1)',
    replace: 'return Math.max(1, Math.min(m, Math.floor(replicas.length / 2) + 1) - 1)',
    budget: 200,
  },
  {
    name: 'prepare-quorum',
    rule: 'a value is proposed after more than half of the replicas promised',
    file: `${mesh}/replica-set.ts`,
    find: `return Math.floor(replicas.length / 2) + 1
}`,
    replace: `return Math.max(1, Math.floor(replicas.length / 2))
}`,
    budget: 200,
  },
  {
    name: 'promise-ignored',
    rule: 'acceptors refuse below their promise',
    file: `${mesh}/acceptor.ts`,
    find: 'if (compareBallots(ballot, row.promised) < 0 || compareBallots(ballot, row.accepted) < 0) {',
    replace: 'if (compareBallots(ballot, row.accepted) < 0) {',
    budget: 200,
  },
  {
    name: 'seal-not-chosen',
    rule: 'a seal is followed only when it is chosen',
    file: `${mesh}/proposer.ts`,
    find: "if (highest.proposal.moved) return this.#propose(step, operation, round, highest.proposal, { kind: 'sealed' })",
    replace: `if (highest.proposal.moved) {
      this.#parts.knowledge.learn(step, round.record(highest))
      return this.#begin(step, operation)
    }`,
    budget: 1_500,
  },
  {
    name: 'kept-not-written-back',
    rule: 'a kept value is written back before it is answered',
    file: `${mesh}/proposer.ts`,
    find: 'this.#decide(step, operation, round, highest.proposal, same)',
    replace: 'this.#decide(step, operation, round, highest.proposal, true)',
    budget: 1_500,
  },
  {
    name: 'kept-not-written-back-at-step-3',
    rule: 'a kept value is written back by a round that started at step 3, too',
    file: `${mesh}/proposer.ts`,
    find: 'return this.#decide(step, operation, enter(leftover.next), leftover.proposal, false)',
    replace: 'return this.#decide(step, operation, enter(leftover.next), leftover.proposal, true)',
    budget: 1_500,
  },
  {
    name: 'repeat-sets-promise-back',
    rule: 'a confirmed repeat does not set promised back',
    file: `${mesh}/acceptor.ts`,
    find: "this.#core.hooks.count('repeat_confirmed')",
    replace: 'this.#core.store.putRegister({ ...row, promised: next }, this.#isUnlearned(row))',
    budget: 3_000,
  },
  {
    name: 'left-register-forgotten',
    rule: 'a later generation is remembered by those who leave it',
    file: `${mesh}/acceptor.ts`,
    find: 'if (known && isLeft(this.#core.rules, request, known)) return this.#moved(request, known)\n    const row',
    replace: 'const row',
    budget: 1_000,
  },
  {
    name: 'ballot-used-twice',
    rule: 'a ballot number is used once, ever',
    file: `${mesh}/ballot-counter.ts`,
    find: "this.#store.saveCounter('ballot', this.#bound)",
    replace: '',
    budget: 1_500,
  },
  {
    name: 'next-not-counted',
    rule: 'one counter gives every ballot to prepare with, and every next',
    file: `${mesh}/proposer.ts`,
    find: 'round.propose(proposal, this.#parts.ballots.take())',
    replace: 'round.propose(proposal, { ...round.ballot, n: round.ballot.n + 1 })',
    budget: 1_500,
  },
  {
    name: 'answer-before-disk',
    rule: 'an acceptor answers after its write is on disk',
    file: `${mesh}/acceptor.ts`,
    find: 'if (promised > 0) {',
    replace: 'if (promised > 0 && ballot.node === this.#core.self) {',
    budget: 500,
  },
  {
    name: 'orphans-left',
    rule: 'orphans are swept',
    file: `${mesh}/orphans.ts`,
    find: 'if (step.now < orphan.dueAt) continue',
    replace: 'if (step.now < Number.MAX_VALUE) continue',
    budget: 300,
  },
  {
    name: 'gone-ignored',
    rule: 'what is gone is not brought back',
    file: `${mesh}/acceptor.ts`,
    find: 'if (basis !== undefined && this.#knowledge.isForgotten(step, request.key, basis)) {',
    replace: 'if (basis !== undefined && basis < 0) {',
    budget: 1_500,
  },
  {
    name: 'twins-unresolved',
    rule: 'twins that meet are resolved',
    file: `${mesh}/twins.ts`,
    find: 'if (step.now < meeting.dueAt) continue',
    replace: 'if (step.now < Number.MAX_VALUE) continue',
    budget: 500,
  },
  {
    name: 'instance-reused',
    rule: 'a deleted database is a new instance',
    file: 'test/sim/world/world.ts',
    find: 'machine.disk.format(this.#newInstance(machine.name))',
    replace: 'machine.disk.format(machine.disk.instance)',
    budget: 500,
  },
]
