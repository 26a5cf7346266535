import { posix } from 'node:path'
import { importsOf } from './syntax.ts'
import { isTest, listFiles, listSources, readJson, readText } from './source-tree.ts'

/** What each package may use of the others. `apps/*` and `examples/*` may use all, and nothing uses them. */
const allowed: Record<string, readonly string[]> = {
  protocol: [],
  store: ['protocol'],
  client: ['protocol'],
  'output-log': ['protocol'],
  coordinator: ['protocol', 'store', 'output-log'],
  host: ['protocol', 'client', 'output-log'],
  cli: ['protocol', 'store', 'client', 'coordinator', 'host'],
}

/** Imports and dependencies point one way: protocol <- store, client <- coordinator, host <- cli <- apps. */
export function checkImportDirection(root: string): string[] {
  return [...checkSources(root), ...checkManifests(root)]
}

function checkSources(root: string): string[] {
  const violations: string[] = []
  for (const path of listSources(root)) {
    const home = folderOf(path)
    if (!home) continue
    for (const { specifier, line } of importsOf(path, readText(root, path))) {
      const problem = specifier.startsWith('.')
        ? leavesPackage(home, path, specifier)
        : wrongDirection(home, specifier.match(/^@skyclaw\/([^/]+)/)?.[1], isTest(path))
      if (problem) violations.push(`${path}:${line} imports ${specifier}: ${problem}`)
    }
  }
  return violations
}

function checkManifests(root: string): string[] {
  const violations: string[] = []
  for (const path of listFiles(root, '{packages,apps}/*/package.json')) {
    const home = folderOf(path)
    const manifest = readJson(root, path)
    for (const field of ['dependencies', 'peerDependencies', 'optionalDependencies', 'devDependencies']) {
      for (const name of Object.keys(manifest[field] ?? {})) {
        const target = name.match(/^@skyclaw\/(.+)$/)?.[1]
        const problem = home && wrongDirection(home, target, field === 'devDependencies')
        if (problem) violations.push(`${path} has ${name} in ${field}: ${problem}`)
      }
    }
  }
  return violations
}

/** A test may start the whole system around its package, except that a host never meets the coordinator's code. */
function wrongDirection(home: string, target: string | undefined, test: boolean): string | undefined {
  if (target === undefined || !home.startsWith('packages/')) return undefined
  const name = home.slice('packages/'.length)
  const mayUse = allowed[name]
  if (!mayUse)
    return `packages/${name} has no place in the direction of imports yet (scripts/check/import-direction.ts)`
  if (target === name || mayUse.includes(target)) return undefined
  if (test && name !== 'host' && name !== 'protocol') return undefined
  return mayUse.length === 0 ? `${name} uses no other package` : `${name} may use only ${mayUse.join(', ')}`
}

function leavesPackage(home: string, path: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier)
  if (target.startsWith(`${home}/`)) return undefined
  // Shared test support lives in test/support; a package's own tests may use it.
  if (isTest(path) && target.startsWith('test/support/')) return undefined
  return `a relative path must not leave ${home}`
}

function folderOf(path: string): string | undefined {
  return path.match(/^(packages|apps|examples)\/[^/]+/)?.[0]
}
