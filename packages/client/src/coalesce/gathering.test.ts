import { describe, expect, test } from 'vitest'
import { Gathering, type GatheringOptions, type Leaving } from './gathering.ts'

interface Item {
  name: string
  chars: number
  isOver: boolean
}

const options: GatheringOptions = { maxItems: 3, maxChars: 100, maxRequests: 1, slowMs: 50, maxSlowRequests: 2 }
const item = (name: string, chars = 10): Item => ({ name, chars, isOver: false })

function gathering(names: string[], change: Partial<GatheringOptions> = {}): Gathering<Item> {
  const made = new Gathering<Item>({ ...options, ...change })
  for (const name of names) made.add(item(name))
  return made
}

function namesOf(leaving: Leaving<Item>): string[] | string {
  return leaving.kind === 'go' ? leaving.items.map(({ name }) => name) : leaving.kind
}

describe('what gathers', () => {
  test('leaves at once when nothing is under way, all that is there together', () => {
    expect(namesOf(gathering(['a']).next(0))).toEqual(['a'])
    expect(namesOf(gathering(['a', 'b']).next(0))).toEqual(['a', 'b'])
  })

  test('waits while enough requests are under way, and leaves together when one of them has ended', () => {
    const waiting = gathering(['a'])
    const first = waiting.next(0)
    waiting.add(item('b'))
    waiting.add(item('c'))
    expect(waiting.next(1)).toEqual({ kind: 'wait', until: 50 })
    if (first.kind === 'go') waiting.ended(first.request)
    expect(namesOf(waiting.next(2))).toEqual(['b', 'c'])
  })

  test('leaves in order, no more than so many jobs and so many characters at once', () => {
    const many = gathering(['a', 'b', 'c', 'd'], { maxRequests: 9, maxSlowRequests: 9 })
    many.add(item('large', 95))
    many.add(item('next'))
    many.add(item('larger than any', 101))
    const left = [many.next(0), many.next(0), many.next(0), many.next(0), many.next(0), many.next(0)]
    expect(left.map(namesOf)).toEqual([['a', 'b', 'c'], ['d'], ['large'], ['next'], ['larger than any'], 'rest'])
  })

  test('is held up by no request that is slow, until too many are', () => {
    const waiting = gathering(['a'])
    waiting.next(0)
    waiting.add(item('b'))
    expect(namesOf(waiting.next(49))).toBe('wait')
    expect(namesOf(waiting.next(50))).toEqual(['b'])
    waiting.add(item('c'))
    expect(waiting.next(1_000)).toEqual({ kind: 'rest' })
  })

  test('leaves behind what nobody waits for any more', () => {
    const waiting = gathering([])
    const over = item('over')
    for (const each of [item('a'), over, item('b')]) waiting.add(each)
    over.isOver = true
    expect(namesOf(waiting.next(0))).toEqual(['a', 'b'])
    const last = item('last')
    waiting.add(last)
    last.isOver = true
    expect(namesOf(waiting.next(99))).toBe('rest')
    expect(waiting.clear()).toEqual([])
  })

  test('is idle when nothing waits and nothing is under way', () => {
    const one = gathering(['a'])
    expect(one.isIdle).toBe(false)
    const left = one.next(0)
    expect(one.isIdle).toBe(false)
    if (left.kind === 'go') one.ended(left.request)
    expect(one.isIdle).toBe(true)
  })
})
