import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { openStore } from './open.ts'
import { createTurns } from './group-commit.ts'

interface Step {
  /** What the input does: write, only read, or throw before it writes. */
  readonly kind: 'write' | 'read' | 'throw'
  /** Whether a turn is run before the next input is given. */
  readonly turnAfter: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('write', 'read', 'throw'),
  turnAfter: fc.boolean(),
})

it('whatever the inputs and turns, inputs run, take effect and are answered in the order they came, each exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 5 }), async (steps, maxInputs) => {
      const store = openStore({ path: ':memory:' })
      const insert = store.sqlite.prepare('insert into meta values (?, ?)')
      const scheduled: (() => void)[] = []
      const fatal: Error[] = []
      const turns = createTurns(store, {
        onFatal: (error) => fatal.push(error),
        maxInputs,
        schedule: (run) => scheduled.push(run),
      })
      const ran: number[] = []
      const effects: number[] = []
      const answers: string[] = []
      const all: Promise<unknown>[] = []
      let turnsThatWrote = 0
      const runTurn = () => {
        const before = ran.length
        scheduled.shift()?.()
        if (ran.slice(before).some((index) => steps.at(index)?.kind === 'write')) turnsThatWrote++
        expect(ran.length - before).toBeLessThanOrEqual(maxInputs)
      }
      for (const [index, { kind, turnAfter }] of steps.entries()) {
        const answer = turns.run((turn) => {
          ran.push(index)
          turn.afterCommit(() => effects.push(index))
          if (kind === 'throw') throw new Error('refused')
          if (kind === 'write') insert.run(`k${index}`, String(turn.number))
        })
        const settled = (outcome: string) => () => answers.push(`${index} ${outcome}`)
        all.push(answer.then(settled('done'), settled('refused')))
        if (turnAfter) runTurn()
      }
      while (scheduled.length > 0) runTurn()
      await Promise.all(all)

      const expected = steps.map(({ kind }, index) => ({ index, kind }))
      const kept = expected.filter(({ kind }) => kind !== 'throw')
      expect(fatal).toEqual([])
      expect(ran).toEqual(expected.map(({ index }) => index))
      expect(effects).toEqual(kept.map(({ index }) => index))
      expect(answers).toEqual(expected.map(({ index, kind }) => `${index} ${kind === 'throw' ? 'refused' : 'done'}`))
      expect(turns.number).toBe(turnsThatWrote)
      const rows = store.sqlite.prepare("select key, value from meta where key like 'k%' order by rowid").all()
      const written = kept.filter(({ kind }) => kind === 'write')
      expect(rows.map((row) => (row as { key: string }).key)).toEqual(written.map(({ index }) => `k${index}`))
      const numbers = rows.map((row) => Number((row as { value: string }).value))
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
      store.close()
    }),
    { numRuns: 150 },
  )
})
