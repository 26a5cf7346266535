import type { Logger } from 'pino'
import type { SandboxKind } from '../../options.ts'
import type { Sandbox } from '../launch.ts'
import { bubblewrap } from './bubblewrap.ts'
import { containers } from './containers.ts'
import { noSandbox } from './none.ts'
import { type ShownPath, readShownPaths } from './shown-paths.ts'

export interface SandboxOptions {
  readonly kind: SandboxKind
  /** Whether what is inside reaches the network. */
  readonly network: boolean
  /** What it shows of this machine beside the system's own: paths, read-only unless they end with `:rw`. */
  readonly paths: readonly string[]
  /** For docker and podman. */
  readonly image: string | undefined
  /** The host's own, whose PATH finds the command of the sandbox. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The host's folder, which must be there: no job sees it. */
  readonly dir: string
  readonly log: Logger
}

/** The same, with the paths read. */
export interface SandboxSettings extends Omit<SandboxOptions, 'paths'> {
  readonly paths: readonly ShownPath[]
}

/**
 * Makes the sandbox that was asked for. A sentence when its settings cannot be right; whether it can start on this machine is
 * what its `check` says, and each `contain` anew.
 */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox | { reason: string }> {
  if (options.kind === 'none') return noSandbox
  const paths = readShownPaths(options.paths, options.dir)
  if ('reason' in paths) return paths
  const settings = { ...options, paths }
  if (options.kind === 'bubblewrap') return bubblewrap(settings)
  return containers(settings, options.kind)
}
