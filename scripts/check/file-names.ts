import { basename } from 'node:path'
import { listFiles } from './source-tree.ts'

/** Names that say nothing: a file or folder of that name attracts whatever has no place. */
const buckets = /^(utils?|helpers?|common|shared|misc|types|lib)$/

const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*$/

/** Files and folders of the code are named in kebab-case, after what they hold. */
export function checkFileNames(root: string): string[] {
  const violations = new Set<string>()
  for (const path of listFiles(root, '{packages,apps,examples,scripts,test,demo,bench}/**/*.{ts,mts,js,mjs}')) {
    // The suffix is the layer of a test or the tool of a configuration: `claim.int.test.ts`, `drizzle.config.ts`.
    const stem = basename(path).split('.')[0] ?? ''
    const folders = path.split('/').slice(0, -1)
    for (const name of [...folders, stem]) {
      if (buckets.test(name)) violations.add(`${path}: "${name}" names no concept`)
      if (!kebabCase.test(name)) violations.add(`${path}: "${name}" is not kebab-case`)
    }
  }
  return [...violations]
}
