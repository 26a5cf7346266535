import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pnpm } from '../pnpm.ts'
import { runCommand } from './run-command.ts'

/** Packs every published package into `folder` as `pnpm publish` would. Returns the tarballs' paths. */
export function packAll(root: string, folder: string): string[] {
  pnpm(root, ['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder])
  return readdirSync(folder)
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => join(folder, name))
}

/** Packs every published package into a folder that is removed after `use`. */
export function withTarballs<T>(root: string, use: (tarballs: string[]) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'skyclaw-pack-'))
  try {
    return use(packAll(root, folder))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What publint says of a tarball: entry points that are absent, of the wrong format, or in the wrong order. */
export function lintTarball(root: string, tarball: string): string[] {
  return runCommand(root, 'publint', ['run', tarball, '--strict'])
}

/** What "are the types wrong" says of a tarball, for importers of ES modules, which is all there are. */
export function checkTarballTypes(root: string, tarball: string): string[] {
  const options = ['--profile', 'esm-only', '--no-definitely-typed', '--no-emoji', '--format', 'ascii']
  return runCommand(root, 'attw', [tarball, ...options])
}
