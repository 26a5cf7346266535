import { checkChangesets } from './changesets.ts'
import { checkFileNames } from './file-names.ts'
import { checkFileSize } from './file-size.ts'
import { checkHomePaths } from './home-paths.ts'
import { checkImportDirection } from './import-direction.ts'
import { checkLinks } from './links.ts'
import { checkManifests } from './manifests.ts'
import { checkMigrations } from './migrations.ts'
import { checkOpenApi } from './openapi.ts'
import { checkReExports } from './re-exports.ts'
import { checkRouteLiterals } from './route-literals.ts'

/** The rules of the house that no tool knows: each returns one sentence a violation, naming file and line. */
export const structureChecks: Record<string, (root: string) => string[]> = {
  'import-direction': checkImportDirection,
  'file-names': checkFileNames,
  'file-size': checkFileSize,
  're-exports': checkReExports,
  'route-literals': checkRouteLiterals,
  'home-paths': checkHomePaths,
  links: checkLinks,
  manifests: checkManifests,
  migrations: checkMigrations,
  changesets: checkChangesets,
  openapi: checkOpenApi,
}
