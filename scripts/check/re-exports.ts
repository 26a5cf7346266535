import { basename } from 'node:path'
import { importsOf } from './syntax.ts'
import { listFiles, readText } from './source-tree.ts'

/** Only `index.ts` re-exports: everywhere else a name is imported from the file that defines it. */
export function checkReExports(root: string): string[] {
  const violations: string[] = []
  for (const path of listFiles(root, '{packages,apps,examples,scripts,test,demo,bench}/**/*.ts')) {
    if (basename(path) === 'index.ts') continue
    for (const { specifier, line, reExport } of importsOf(path, readText(root, path))) {
      if (reExport) violations.push(`${path}:${line} re-exports ${specifier}; only index.ts does that`)
    }
  }
  return violations
}
