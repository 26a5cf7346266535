import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type CoordinatorOptions, resolveOptions } from '../../src/options.ts'
import { type ServerOptions, serverDefaults } from '../../src/server-options.ts'
import { section, squeeze, tables } from './tables.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const api = read('../../../../docs/api.md')
const readme = read('../../README.md')

test.each(Object.entries(tables))('the table of %s in docs/api.md is that of the code', (name, table) => {
  expect(squeeze(section(api, name))).toBe(squeeze(table))
})

type Documented<T> = { [name in keyof T]-?: true }

const own: Documented<CoordinatorOptions> = {
  dbPath: true,
  token: true,
  nodeId: true,
  publicUrl: true,
  prefix: true,
  leaseMs: true,
  idempotencyTtlMs: true,
  retentionMs: true,
  peerUrls: true,
  peerDiscovery: true,
  minReplications: true,
  repairAfterMs: true,
  gossipIntervalMs: true,
  maxLogBytes: true,
  maxLogsBytes: true,
  maxFollowers: true,
  maxWaitingClaims: true,
  maxWaitingReads: true,
  maxWaitingChanges: true,
  maxBacklogMs: true,
  onFatal: true,
}

const server: Documented<Omit<ServerOptions, keyof CoordinatorOptions>> = {
  host: true,
  port: true,
  logger: true,
  requestTimeoutMs: true,
  connectionTimeoutMs: true,
  closeTimeoutMs: true,
}

test.each([
  ['options', own, resolveOptions({ dbPath: 'x' })],
  ['server-options', server, serverDefaults],
])("the README's table of %s names each, with its default", (name, documented, defaults) => {
  const rows = [...section(readme, name).matchAll(/^\| `(\w+)` +\| +(.*?) +\|/gm)]
  expect(rows.map(([, option]) => option)).toEqual(Object.keys(documented))
  for (const [, option, shown] of rows) {
    const value = (defaults as unknown as Record<string, unknown>)[option!]
    if (typeof value === 'number') expect(`${option} ${shown}`).toBe(`${option} ${value.toLocaleString('en-US')}`)
  }
})
