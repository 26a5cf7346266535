import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pnpm } from '../pnpm.ts'
import { runCommand } from './run-command.ts'

/** Packs every published package as `pnpm publish` would, into a folder that is removed after `use`. */
export function withTarballs<T>(root: string, use: (tarballs: string[]) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'skyclaw-pack-'))
  try {
    pnpm(root, ['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder])
    return use(readdirSync(folder).map((name) => join(folder, name)))
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
  return runCommand(root, 'attw', [
    tarball,
    '--profile',
    'esm-only',
    '--no-definitely-typed',
    '--no-emoji',
    '--format',
    'ascii',
  ])
}
