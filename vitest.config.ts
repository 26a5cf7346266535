import { defineConfig } from 'vitest/config'

// Workspace sources are imported as they stand (the `@skyclaw/source` export condition): no build before a test.
const conditions = ['@skyclaw/source', 'node', 'import', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{packages,apps,examples,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'test/fixtures/**'],
    pool: 'forks',
    execArgv: ['--conditions=@skyclaw/source'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
})
