import { expect, test } from 'vitest'
import { Race } from './race.ts'

test('what has settled comes out once, in turn, rejections too', async () => {
  using race = new Race<number>([])
  const late = Promise.withResolvers<number>()
  race.enter(late.promise)
  race.enter(Promise.resolve(1))
  race.enter(Promise.reject(new Error('two')))
  expect(await race.next(undefined)).toBe(1)
  await expect(race.next(undefined)).rejects.toThrow('two')
  expect(await race.next(5)).toBeUndefined()
  late.resolve(3)
  expect(await race.next(undefined)).toBe(3)
})

test('an abort ends the wait with its reason and reaches what has entered; so does the end of the race', async () => {
  const parent = new AbortController()
  const race = new Race<number>([parent.signal])
  const next = race.next(undefined)
  parent.abort(new Error('enough'))
  await expect(next).rejects.toThrow('enough')
  expect(race.signal.reason).toBe(parent.signal.reason)

  let over: AbortSignal
  {
    using short = new Race<number>([new AbortController().signal])
    over = short.signal
    short.enter(Promise.reject(new Error('nobody asks')))
  }
  expect(over.aborted).toBe(true)
})
