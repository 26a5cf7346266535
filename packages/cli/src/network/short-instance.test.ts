import { expect, test } from 'vitest'
import { shortInstance } from './short-instance.ts'

test('eight characters name an instance, and more where two begin alike', () => {
  const [a, b, c] = ['aaaaaaaa-1111', 'aaaaaaaa-1122', 'cccccccc-3333']
  const members = [{ instance: a }, { instance: b }, { instance: c, nodeId: 'c' }, {}]
  expect([a, b, c].map((id) => shortInstance(id, members))).toEqual(['aaaaaaaa-111', 'aaaaaaaa-112', 'cccccccc'])
})

test('an id that another one begins with, or that a name reads like, is given whole', () => {
  const members = [{ instance: 'i-node-a' }, { instance: 'i-node-a2' }, { instance: 'bbbbbbbb-1', nodeId: 'bbbbbbbb' }]
  expect(members.map(({ instance }) => shortInstance(instance, members))).toEqual([
    'i-node-a',
    'i-node-a2',
    'bbbbbbbb-1',
  ])
})
