import { expect, test } from 'vitest'
import { type CoordinatorOptions, resolveOptions } from './options.ts'

const resolve = (options: Partial<CoordinatorOptions>) => resolveOptions({ dbPath: 'x', ...options })

test('two must have a change, unless told otherwise; of one that never had another, as many as it was told, or one', () => {
  expect(resolve({})).toMatchObject({ peerUrls: [], minReplications: 2, minReplicationsAlone: 1 })
  expect(resolve({ minReplications: 1 })).toMatchObject({ minReplications: 1, minReplicationsAlone: 1 })
  expect(resolve({ minReplications: 3 })).toMatchObject({ minReplications: 3, minReplicationsAlone: 3 })
})

test('a public URL is the same text with or without a slash at its end', () => {
  expect(resolve({ publicUrl: 'https://a/x/' }).publicUrl()).toBe('https://a/x')
  expect(resolve({ publicUrl: () => 'http://a/' }).publicUrl()).toBe('http://a')
  expect(resolve({ publicUrl: () => undefined }).publicUrl()).toBeUndefined()
})

test('the URL of a peer counts once, with or without a slash at its end', () => {
  expect(resolve({ peerUrls: ['http://b/', 'http://b', 'https://c/x/'] }).peerUrls).toEqual(['http://b', 'https://c/x'])
})

test.each<[Record<string, unknown>, RegExp]>([
  [{ peerUrls: 'http://b' }, /peerUrls must be a list of URLs/],
  [{ peerUrls: ['b:8787'] }, /each of peerUrls must be an http or https URL, not "b:8787"/],
  [{ peerUrls: Array.from({ length: 65 }, (_, n) => `http://n${n}`) }, /peerUrls must be at most 64/],
  [{ minReplications: 17 }, /minReplications must be a whole number from 1 to 16/],
  [{ repairAfterMs: 1 }, /repairAfterMs must be/],
  [{ gossipIntervalMs: 9 }, /gossipIntervalMs must be a whole number from 10 to 60000/],
  [{ peerDiscovery: '0' }, /peerDiscovery must be true or false, not "0"/],
  [{ publicUrl: 'ftp://x' }, /publicUrl must be an http or https URL/],
])('%j is refused by name', (options, message) => {
  expect(() => resolve(options)).toThrow(message)
})
