import { cpSync, mkdtempSync, realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { listFiles, readText } from '../../scripts/check/source-tree.ts'

const repository = resolve(import.meta.dirname, '../..')

/**
 * Copies a fixture and the named configuration files of the repository into a folder of its own, because the configurations
 * leave test/fixtures out. Returns the folder, which is removed after the test.
 */
export function copyFixture(name: string, configurations: string[] = []): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), `skyclaw-${name}-`))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  cpSync(resolve(repository, 'test/fixtures', name), folder, { recursive: true })
  for (const file of configurations) cpSync(join(repository, file), join(folder, file))
  return folder
}

/** What a fixture says about itself: `path:line rule` for every line that ends with `// violates: rule`. */
export function expectedViolations(folder: string): string[] {
  return listFiles(folder, '**/*.ts').flatMap((path) =>
    readText(folder, path)
      .split('\n')
      .flatMap((line, index) => {
        const rule = line.match(/\/\/ violates: (\S+)$/)?.[1]
        return rule ? [`${path}:${index + 1} ${rule}`] : []
      }),
  )
}
