import { listFiles, readText } from './source-tree.ts'

const limits = [
  // An app is environment, options, start, stop: anything longer belongs into a package, where it can be tested.
  { pattern: 'apps/*/src/main.ts', maxLines: 30 },
  // Scripts that the linter does not read. TypeScript has the same limit in .oxlintrc.json.
  { pattern: '{packages,apps,examples,scripts,test,demo,bench,.ci}/**/*', maxLines: 300, skip: /\.(json|md|sql|svg)$/ },
]

/** No file is longer than its kind allows. */
export function checkFileSize(root: string): string[] {
  const violations: string[] = []
  for (const { pattern, maxLines, skip } of limits) {
    for (const path of listFiles(root, pattern)) {
      if (skip?.test(path)) continue
      const lines = readText(root, path).trimEnd().split('\n').length
      if (lines > maxLines) violations.push(`${path} has ${lines} lines, at most ${maxLines} are allowed`)
    }
  }
  return violations
}
