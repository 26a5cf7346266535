import { listFiles, readText } from './source-tree.ts'

/** An absolute path below somebody's home, as it slips into texts that were copied from a terminal. */
const homePath = /(?<![\w.$}])(\/(home|Users)\/(?!you\b|me\b|user\b)[a-z][\w.-]*|\/(?:root)|[A-Z]:\\Users\\\w+)\b/

/** No text of the repository names a folder of the machine it was written on. */
export function checkHomePaths(root: string): string[] {
  const violations: string[] = []
  const texts = listFiles(root).filter((path) => path !== 'pnpm-lock.yaml')
  for (const path of texts) {
    for (const [index, line] of readText(root, path).split('\n').entries()) {
      const found = line.match(homePath)?.[1]
      if (found) violations.push(`${path}:${index + 1} names ${found}, a path of one machine`)
    }
  }
  return violations
}
