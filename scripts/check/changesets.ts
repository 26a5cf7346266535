import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { listFiles, readJson, readText } from './source-tree.ts'

/** A package that was never released must be named in a changeset, and a changeset names only packages that exist. */
export function checkChangesets(root: string): string[] {
  const packages = listFiles(root, 'packages/*/package.json')
  const names = new Map(packages.map((path) => [String(readJson(root, path)['name']), dirname(path)]))
  const announced = new Set<string>()
  const violations: string[] = []
  for (const path of listFiles(root, '.changeset/*.md').filter((file) => !file.endsWith('README.md'))) {
    for (const name of namedIn(readText(root, path))) {
      announced.add(name)
      if (!names.has(name)) violations.push(`${path} names ${name}, which is no published package`)
    }
  }
  for (const [name, folder] of names) {
    if (existsSync(join(root, folder, 'CHANGELOG.md')) || announced.has(name)) continue
    violations.push(`${name} was never released and no changeset names it: run "pnpm changeset"`)
  }
  return violations
}

/** The packages in the front matter: `"@skyclaw/cli": minor`. */
function namedIn(text: string): string[] {
  const [, frontMatter = ''] = text.split(/^---$/m)
  return [...frontMatter.matchAll(/^["']?(@?[\w/-]+)["']?\s*:/gm)].map((match) => match[1] ?? '')
}
