import { defineConfig } from 'vitest/config'

// Workspace sources are imported as they stand (the `@skyclaw/source` export condition): no build before a test.
const conditions = ['@skyclaw/source', 'node', 'import', 'default']

const everywhere = '{packages,apps,examples,test}/**'
const exclude = ['**/node_modules/**', '**/dist/**', 'test/fixtures/**']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: 'forks',
    execArgv: ['--conditions=@skyclaw/source'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [`${everywhere}/*.test.ts`],
          exclude: [...exclude, '**/*.{int,sim}.test.ts'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        // It starts its own processes, one for each processor.
        extends: true,
        test: {
          name: 'sim',
          include: [`${everywhere}/*.sim.test.ts`],
          exclude,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Real processes: one file at a time, so that none takes the machine from another.
        extends: true,
        test: {
          name: 'int',
          include: [`${everywhere}/*.int.test.ts`],
          exclude,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
