import { stringsOf } from './syntax.ts'
import { isTest, listFiles, readText } from './source-tree.ts'

/** The paths of the API are data in @skyclaw/protocol; server and client take them from there. */
export function checkRouteLiterals(root: string): string[] {
  const violations: string[] = []
  for (const path of listFiles(root, '{packages,apps,examples,demo,bench}/**/*.ts')) {
    if (path.startsWith('packages/protocol/') || isTest(path)) continue
    for (const { value, line } of stringsOf(path, readText(root, path))) {
      if (/\/v\d+(\/|$)/.test(value))
        violations.push(`${path}:${line} spells out ${value}; take it from the route table`)
    }
  }
  return violations
}
