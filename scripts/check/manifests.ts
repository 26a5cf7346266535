import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { listFiles, readJson, readText } from './source-tree.ts'

type Manifest = Record<string, unknown>

/** One demand on a published package's manifest: `holds`, or else the sentence. */
interface Demand {
  sentence: string
  holds: (manifest: Manifest, folder: string) => boolean
}

const demands: Demand[] = [
  { sentence: 'license must be MIT', holds: ({ license }) => license === 'MIT' },
  { sentence: 'type must be "module"', holds: ({ type }) => type === 'module' },
  { sentence: 'description is missing', holds: ({ description }) => isText(description) },
  { sentence: 'engines.node must be ">=24"', holds: ({ engines }) => field(engines, 'node') === '>=24' },
  { sentence: 'publishConfig.access must be "public"', holds: (manifest) => publishes(manifest, 'access', 'public') },
  { sentence: 'publishConfig.provenance must be true', holds: (manifest) => publishes(manifest, 'provenance', true) },
  {
    sentence: 'repository.directory must be its folder',
    holds: ({ repository }, folder) => field(repository, 'directory') === folder,
  },
  {
    // A command has side effects by its nature: then only its entry points may be named.
    sentence: 'sideEffects must be false (or, with a bin, the list of its entry points)',
    holds: ({ sideEffects, bin }) => sideEffects === false || (bin !== undefined && Array.isArray(sideEffects)),
  },
  {
    sentence: 'files must be a list with "dist" and "src", so that source maps lead somewhere',
    holds: ({ files }) => Array.isArray(files) && files.includes('dist') && files.includes('src'),
  },
]

/** What every published package must have: README, licence, engines, exports with types, provenance. */
export function checkManifests(root: string): string[] {
  return listFiles(root, 'packages/*/package.json').flatMap((path) => {
    const folder = dirname(path)
    const manifest = readJson(root, path)
    const problems = demands.filter(({ holds }) => !holds(manifest, folder)).map(({ sentence }) => sentence)
    return [...problems, ...checkExports(manifest), ...checkReadme(root, folder, manifest)].map(
      (text) => `${path}: ${text}`,
    )
  })
}

function checkExports({ exports }: Manifest): string[] {
  const entries = Object.entries((exports ?? {}) as Record<string, unknown>)
  if (!entries.some(([name]) => name === '.')) return ['exports has no "."']
  return entries
    .filter(([name, target]) => name !== './package.json' && !(field(target, 'types') && field(target, 'default')))
    .map(([name]) => `exports["${name}"] must have "types" and "default"`)
}

function checkReadme(root: string, folder: string, manifest: Manifest): string[] {
  if (!existsSync(join(root, folder, 'README.md'))) return ['README.md is missing']
  const text = readText(root, `${folder}/README.md`)
  const wanted = [String(manifest['name']), '## Install', '## Errors', '## Stability']
  return wanted.filter((part) => !text.includes(part)).map((part) => `README.md lacks "${part}"`)
}

function publishes(manifest: Manifest, name: string, value: unknown): boolean {
  return field(manifest['publishConfig'], name) === value
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Manifest)[name] : undefined
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
