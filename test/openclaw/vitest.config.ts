import path from 'node:path'
import { defineConfig } from 'vitest/config'

// The real OpenClaw, from the registry: some 30 seconds the first time, and then a minute of turns. Not a part of `pnpm test`.
const conditions = ['@skyclaw/source', 'node', 'import', 'default']

export default defineConfig({
  root: path.resolve(import.meta.dirname, '../..'),
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name: 'openclaw',
    include: ['test/openclaw/*.int.test.ts'],
    pool: 'forks',
    execArgv: ['--conditions=@skyclaw/source'],
    globalSetup: [path.join(import.meta.dirname, 'install.ts')],
    testTimeout: 150_000,
    hookTimeout: 60_000,
  },
})
