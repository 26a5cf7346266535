import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Plugin, rolldown } from 'rolldown'
import { repository } from './spawn.ts'

/**
 * Puts a program of this repository and all that it imports into one file, which starts in a third of the time: for tests that start it
 * again and again. Files that a module finds relative to itself stay where they are. Resolves with the bundle's path.
 */
export async function bundleEntry(entry: string, folder: string): Promise<string> {
  const bundle = await rolldown({
    input: resolve(repository, entry),
    platform: 'node',
    resolve: { conditionNames: ['@skyclaw/source', 'node', 'import', 'default'] },
    plugins: [nativeModulesOutside, modulesKnowTheirPlace],
    logLevel: 'silent',
  })
  const file = join(folder, 'bundle.mjs')
  await bundle.write({ file, format: 'esm', codeSplitting: false })
  await bundle.close()
  return file
}

const nativeModulesOutside: Plugin = {
  name: 'native-modules-outside',
  resolveId: {
    filter: { id: /^better-sqlite3$/ },
    async handler(source, importer) {
      const found = await this.resolve(source, importer, { skipSelf: true })
      return found && { id: pathToFileURL(found.id).href, external: true }
    },
  },
}

const modulesKnowTheirPlace: Plugin = {
  name: 'modules-know-their-place',
  transform: {
    filter: { id: { include: /\/(packages|apps)\// }, code: 'import.meta.url' },
    handler: (code, id) => code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)),
  },
}
