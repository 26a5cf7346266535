import { expect, test } from 'vitest'
import type { MemberState, ProblemError } from '@skyclaw/protocol'
import type { Peer } from '../network/membership.ts'
import { findMember } from './find-member.ts'

const self = { nodeId: 'a', instance: 'aaaaaaaa-own' }

const peer = (nodeId: string, instance: string, state: MemberState, more: Partial<Peer> = {}): Peer => ({
  ...{ nodeId, instance, state, url: `http://${instance}`, version: '1', wire: { min: 1, max: 1 }, incarnation: 0 },
  ...{ since: 0, ready: true, verified: true, usable: state === 'alive', knowsUs: true },
  ...more,
})

const dead = peer('b', 'bbbbbbbb-dead', 'dead')
const alive = peer('b', 'bbbbbbbb-alive', 'alive')

function refusal(node: string, peers: readonly Peer[]): { code: string; message: string } {
  try {
    return { code: 'none', message: findMember(node, peers, self).instance }
  } catch (error) {
    return error as ProblemError
  }
}

test('a coordinator is found by its name, by its instance id, and by eight characters of one', () => {
  const other = peer('c', 'cccccccc-1', 'dead')
  for (const node of ['b', 'bbbbbbbb-dead', 'bbbbbbbb']) expect(findMember(node, [dead, other], self)).toBe(dead)
})

test('a name that a live and a dead coordinator have means the dead one', () => {
  expect(findMember('b', [alive, dead], self)).toBe(dead)
  expect(findMember('b', [alive], self)).toBe(alive)
  const suspect = peer('b', 'bbbbbbbb-suspect', 'suspect')
  expect(findMember('b', [alive, suspect], self)).toBe(suspect)
  expect(findMember('b', [alive, { ...suspect, usable: true }, dead], self)).toBe(dead)
})

test('a name that this coordinator has too means the other one, and this one when no other has it', () => {
  const namesake = peer('a', 'dddddddd-1', 'dead')
  expect(findMember('a', [namesake], self)).toBe(namesake)
  expect(refusal('a', [dead])).toMatchObject({ code: 'member_alive' })
  expect(refusal('aaaaaaaa', [dead])).toMatchObject({ code: 'member_alive' })
})

test('one that was forgotten before is found again, unless another of that name is gone', () => {
  const forgotten = peer('b', 'bbbbbbbb-first', 'forgotten')
  expect(findMember('b', [forgotten], self)).toBe(forgotten)
  expect(findMember('b', [forgotten, dead], self)).toBe(dead)
  expect(findMember('b', [forgotten, alive], self)).toBe(alive)
})

test('what could be several is refused, and the problem names them', () => {
  const twice = refusal('b', [dead, peer('b', 'bbbbbbbb-second', 'replaced'), alive])
  expect(twice).toMatchObject({ code: 'invalid_request', problem: { field: 'node' } })
  expect(twice.message).toContain('b (instance bbbbbbbb-dead), dead; b (instance bbbbbbbb-second), replaced: give')
  expect(twice.message).not.toContain('alive')
  const beginning = refusal('bbbbbbbb', [dead, alive])
  expect(beginning).toMatchObject({ code: 'invalid_request' })
  expect(beginning.message).toContain('bbbbbbbb-alive), alive')
})

test('what nobody is called is refused with those that are known, and a beginning of seven characters with what is missing', () => {
  expect(refusal('x', [])).toMatchObject({ code: 'not_found', message: expect.stringContaining('knows no other') })
  expect(refusal('x', [dead])).toMatchObject({
    message: expect.stringContaining('it knows b (instance bbbbbbbb-dead)'),
  })
  expect(refusal('bbbbbbb', [dead])).toMatchObject({
    code: 'invalid_request',
    message: expect.stringMatching(/at least 8 characters/),
  })
  const many = Array.from({ length: 12 }, (_, index) => peer(`n${index}`, `${index}`.repeat(8), 'dead'))
  expect(refusal('x', many).message).toMatch(/; 2 more$/)
})
