import { expect, test } from 'vitest'
import { type CoordinatorOptions, resolveOptions } from './options.ts'

const resolve = (options: Partial<CoordinatorOptions>) => resolveOptions({ dbPath: 'x', ...options })

test('a coordinator alone acknowledges by itself, one with peers when another has the change too', () => {
  expect(resolve({})).toMatchObject({ peerUrls: [], minReplications: 1 })
  expect(resolve({ peerUrls: ['http://b'] })).toMatchObject({ minReplications: 2 })
  expect(resolve({ peerUrls: ['http://b'], minReplications: 1 })).toMatchObject({ minReplications: 1 })
  expect(resolve({ minReplications: 3 })).toMatchObject({ minReplications: 3 })
})

test('the URL of a peer counts once, with or without a slash at its end', () => {
  expect(resolve({ peerUrls: ['http://b/', 'http://b', 'https://c/x/'] }).peerUrls).toEqual(['http://b', 'https://c/x'])
})

test('rare signs of life leave more time until a peer counts as dead', () => {
  expect(resolve({})).toMatchObject({ gossipIntervalMs: 1_000, deadAfterMs: 3_000 })
  expect(resolve({ gossipIntervalMs: 5_000 })).toMatchObject({ deadAfterMs: 10_000 })
})

test.each<[Record<string, unknown>, RegExp]>([
  [{ peerUrls: 'http://b' }, /peerUrls must be a list of URLs/],
  [{ peerUrls: ['b:8787'] }, /each of peerUrls must be an http or https URL, not "b:8787"/],
  [{ peerUrls: Array.from({ length: 65 }, (_, n) => `http://n${n}`) }, /peerUrls must be at most 64/],
  [{ minReplications: 17 }, /minReplications must be a whole number from 1 to 16/],
  [{ repairAfterMs: 1 }, /repairAfterMs must be/],
  [{ gossipIntervalMs: 1_000, deadAfterMs: 1_999 }, /deadAfterMs must be at least twice gossipIntervalMs, 2000/],
  [{ publicUrl: 'ftp://x' }, /publicUrl must be an http or https URL/],
])('%j is refused by name', (options, message) => {
  expect(() => resolve(options)).toThrow(message)
})
