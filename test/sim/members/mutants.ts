import type { Mutant } from '../mutants.ts'

const network = 'packages/coordinator/src/network'

/** Each must be caught by the random runs of the membership within its budget of seeds. */
export const memberMutants: readonly Mutant[] = [
  {
    name: 'no-refutation',
    rule: 'who hears that it is suspect or dead counts its incarnation up',
    file: `${network}/beliefs.ts`,
    find: '    core.incarnation = incarnation + 1\n',
    replace: '',
    budgetSeeds: 100,
  },
  {
    name: 'no-indirect-probe',
    rule: 'others are asked before somebody is suspect',
    file: `${network}/prober.ts`,
    find: '.slice(0, witnesses)',
    replace: '.slice(0, 0)',
    budgetSeeds: 100,
  },
  {
    name: 'no-suspicion',
    rule: 'a suspect has time to refute',
    file: `${network}/beliefs.ts`,
    find: '      if (!suspicion.isOver(now)) continue\n',
    replace: '',
    budgetSeeds: 100,
  },
  {
    name: 'no-challenge',
    rule: 'nobody is called at a URL that somebody named before it answered a challenge there',
    file: `${network}/verifier.ts`,
    find: ' this.#challenge(kept)\n',
    replace: " this.#succeed(kept, { instance: kept.update.instance, nodeId: kept.update.nodeId, boot: '' }, now)\n",
    budgetSeeds: 100,
  },
]
