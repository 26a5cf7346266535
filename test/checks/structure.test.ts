import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { structureChecks } from '../../scripts/check/structure.ts'

// Keeps this file's own text from naming such a path.
const slash = '/'

// Each check runs over its fixture, a small repository with violations and, beside them, what must not be reported.
const violations: Record<string, string[]> = {
  'import-direction': [
    'packages/client/src/leaves.ts:1 imports ../../protocol/src/index.ts: a relative path must not leave packages/client',
    'packages/host/src/steals.test.ts:1 imports @skyclaw/coordinator/server: host may use only protocol, client, output-log',
    'packages/host/src/steals.ts:1 imports @skyclaw/coordinator: host may use only protocol, client, output-log',
    'packages/host/src/steals.ts:2 imports @skyclaw/store: host may use only protocol, client, output-log',
    'packages/host/src/steals.ts:6 imports @skyclaw/cli: host may use only protocol, client, output-log',
    'packages/host/src/steals.ts:7 imports @skyclaw/store/turn: host may use only protocol, client, output-log',
    'packages/rogue/src/index.ts:1 imports @skyclaw/protocol: packages/rogue has no place in the direction of imports yet (scripts/check/import-direction.ts)',
    'packages/store/package.json has @skyclaw/coordinator in dependencies: store may use only protocol',
  ],
  'file-names': [
    'packages/client/src/camelCase.ts: "camelCase" is not kebab-case',
    'packages/host/src/helpers/claim.ts: "helpers" names no concept',
    'packages/host/src/utils.ts: "utils" names no concept',
  ],
  'file-size': [
    'apps/host/src/main.ts has 31 lines, at most 30 are allowed',
    '.ci/run has 301 lines, at most 300 are allowed',
  ],
  're-exports': [
    'packages/host/src/host.ts:1 re-exports ./options.ts; only index.ts does that',
    'packages/host/src/host.ts:2 re-exports ./spool.ts; only index.ts does that',
  ],
  'route-literals': [
    'packages/client/src/jobs.ts:2 spells out /v1/jobs; take it from the route table',
    'packages/client/src/jobs.ts:3 spells out /v1/jobs/; take it from the route table',
  ],
  'home-paths': [
    `.ci/run:1 names ${slash}home/bob, a path of one machine`,
    `README.md:3 names ${slash}home/alice, a path of one machine`,
    `README.md:4 names ${slash}Users/alice, a path of one machine`,
  ],
  links: [
    'README.md:2 links to docs/absent.md, which does not exist',
    'docs/page.md:1 links to ../MOON.md#crater, which does not exist',
  ],
  manifests: [
    'license must be MIT',
    'type must be "module"',
    'description is missing',
    'engines.node must be ">=24"',
    'publishConfig.access must be "public"',
    'publishConfig.provenance must be true',
    'repository.directory must be its folder',
    'sideEffects must be false (or, with a bin, the list of its entry points)',
    'files must be a list with "dist" and "src", so that source maps lead somewhere',
    'exports has no "."',
    'README.md is missing',
  ].map((problem) => `packages/bare/package.json: ${problem}`),
  migrations: [
    'packages/store/migrations/0000_first.sql was edited after it landed: restore it and add a new migration',
    'packages/store/migrations/0002_third.sql is not in SHA256SUMS: run "pnpm migration"',
    'packages/store/migrations/0009_removed.sql was removed after it landed: restore it',
    'packages/store/migrations: 0002_third.sql is not in the journal',
    'packages/store/migrations: the journal lists 0003_lost.sql, which is absent',
  ],
  changesets: [
    '.changeset/first.md names @skyclaw/renamed, which is no published package',
    '@skyclaw/silent was never released and no changeset names it: run "pnpm changeset"',
  ],
  openapi: ['docs/openapi.json:5 differs from the route table ("version": "9.9.9",): run "pnpm openapi"'],
}

test.each(Object.entries(structureChecks))(
  '%s names each violation of its fixture, and nothing else',
  (name, check) => {
    const fixture = resolve(import.meta.dirname, '../fixtures', name)
    expect(check(fixture).toSorted()).toEqual(violations[name]?.toSorted())
  },
)
