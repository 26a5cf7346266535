import { realpathSync } from 'node:fs'
import path from 'node:path'
import { isIn } from '../working-folder.ts'

/** What a sandbox shows of this machine beside the system's own. */
export interface ShownPath {
  readonly path: string
  readonly writable: boolean
}

/** Not even by name: they show this machine as it is, or everything. */
const neverShown = ['/proc', '/sys/fs/cgroup']

/** Where no job works: the folder would be writable, and what the sandbox puts there would be in it. */
const systemFolders = [
  '/usr',
  '/etc',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/boot',
  '/dev',
  '/proc',
  '/sys',
  '/run',
]

/** Reads `SKYCLAW_SANDBOX_PATHS`; a sentence about the first that cannot be shown. */
export function readShownPaths(texts: readonly string[], dir: string): ShownPath[] | { reason: string } {
  const own = ownFolder(dir)
  const shown: ShownPath[] = []
  for (const text of texts) {
    const writable = text.endsWith(':rw')
    const given = writable ? text.slice(0, -3) : text
    const at = `SKYCLAW_SANDBOX_PATHS: ${JSON.stringify(given)}`
    if (!path.isAbsolute(given) || given.includes('\0')) return { reason: `${at} must be an absolute path` }
    const normal = path.resolve(given)
    if (normal === '/') return { reason: `${at} would show everything: name the folders that jobs need` }
    if (neverShown.some((folder) => isIn(normal, folder))) return { reason: `${at} cannot be shown to a sandbox` }
    if (isIn(realOf(normal), own)) return { reason: `${at} is the host's own folder, which no job may see` }
    shown.push({ path: normal, writable })
  }
  return shown
}

/** Why a job cannot work in a folder within a sandbox, as a sentence. The path is without symlinks. */
export function unfitFolder(folder: string, dir: string): string | undefined {
  const shown = `the working directory ${JSON.stringify(folder.slice(0, 200))}`
  if (folder === '/' || systemFolders.some((system) => isIn(folder, system))) {
    return `${shown} belongs to the system: a job in a sandbox needs a folder of its own`
  }
  if (isIn(folder, ownFolder(dir))) return `${shown} is the host's own folder, which no job in a sandbox may see`
  return undefined
}

/**
 * What is hidden of a folder that is shown, because the host's own folder lies below: the first folder on the way there. What
 * is mounted over cannot be renamed from inside, a folder above it could.
 */
export function hiddenIn(shown: string, dir: string): string | undefined {
  const own = ownFolder(dir)
  const [first] = path.relative(shown, own).split(path.sep)
  return first === undefined || first === '' || !isIn(own, shown) ? undefined : path.join(shown, first)
}

/** What keeps the secrets of the daemons: the folder of this host, and what lies beside it when that is called `.skyclaw`. */
function ownFolder(dir: string): string {
  const real = realOf(dir)
  const parts = real.split(path.sep)
  const at = parts.indexOf('.skyclaw')
  return at < 0 ? real : parts.slice(0, at + 1).join(path.sep)
}

function realOf(file: string): string {
  try {
    return realpathSync.native(file)
  } catch {
    return path.resolve(file)
  }
}
