import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// Workspace sources are imported as they stand (the `@skyclaw/source` export condition): no build before a test.
const conditions = ['@skyclaw/source', 'node', 'import', 'default']

const everywhere = '{packages,apps,examples,bench,test}/**'
// The turns of the real OpenClaw are `pnpm test:openclaw`.
const exclude = ['**/node_modules/**', '**/dist/**', 'test/fixtures/**', 'test/openclaw/**']

/** They kill and cut what runs under load, for minutes, and hold what happened against what was promised; what they need is time, not quiet. */
const load = ['test/chaos/**/*.int.test.ts']

/** They measure times or bytes: nothing may run beside them. */
const alone = [
  'packages/host/test/flood.int.test.ts',
  'test/integration/{failover,mesh-bytes,mesh-catch-up,mesh-quick-start,network-failover,network-standstill}.int.test.ts',
]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: 'forks',
    execArgv: ['--conditions=@skyclaw/source'],
    // Much of it waits, for processes and disks: two at a time even where there are two processors only.
    maxWorkers: Math.max(2, availableParallelism() - 1),
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
          sequence: { groupOrder: 4 },
        },
      },
      {
        // Real processes, which wait more than they work.
        extends: true,
        test: {
          name: 'int',
          include: [`${everywhere}/*.int.test.ts`],
          exclude: [...exclude, ...alone, ...load],
          maxWorkers: Math.max(3, availableParallelism()),
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'load',
          include: load,
          exclude,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          exclude,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
