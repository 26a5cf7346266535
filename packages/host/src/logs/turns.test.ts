import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

test('so many go at once, the others in their order, and who gives up takes nobody else’s turn', async () => {
  const turns = new Turns(2)
  const never = new AbortController().signal
  const givingUp = new AbortController()
  const log: string[] = []
  const ends = new Map<string, () => void>()
  const go = (name: string, signal = never) =>
    turns.run(signal, async () => {
      log.push(name)
      await new Promise<void>((resolve) => ends.set(name, resolve))
    })
  const runs = [go('a'), go('b')]
  const impatient = go('c', givingUp.signal)
  runs.push(go('d'), go('e'))
  await Promise.resolve()
  expect(log).toEqual(['a', 'b'])
  givingUp.abort(new Error('enough'))
  await expect(impatient).rejects.toThrow('enough')
  ends.get('b')?.()
  await runs[1]
  await expect.poll(() => log).toEqual(['a', 'b', 'd'])
  for (const name of ['a', 'd']) ends.get(name)?.()
  await expect.poll(() => log).toEqual(['a', 'b', 'd', 'e'])
  ends.get('e')?.()
  await Promise.all(runs)
  await expect(turns.run(givingUp.signal, async () => {})).rejects.toThrow('enough')
})

test('work that fails gives its turn on', async () => {
  const turns = new Turns(1)
  const { signal } = new AbortController()
  await expect(turns.run(signal, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await turns.run(signal, async () => 'next')).toBe('next')
})
