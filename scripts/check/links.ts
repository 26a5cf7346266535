import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { listFiles, readText } from './source-tree.ts'

/** Every relative link of a document leads to a file or folder that exists. */
export function checkLinks(root: string): string[] {
  const violations: string[] = []
  for (const path of listFiles(root, '**/*.md')) {
    for (const { target, line } of linksOf(readText(root, path))) {
      const [file = ''] = target.split('#')
      if (file === '' || /^[a-z]+:/.test(file)) continue
      if (existsSync(join(root, posix.join(posix.dirname(path), file)))) continue
      violations.push(`${path}:${line} links to ${target}, which does not exist`)
    }
  }
  return violations
}

function linksOf(text: string): { target: string; line: number }[] {
  return text
    .split('\n')
    .flatMap((content, index) =>
      [...content.matchAll(/\]\(<?([^)\s>]+)/g)].map((found) => ({ target: found[1] ?? '', line: index + 1 })),
    )
}
