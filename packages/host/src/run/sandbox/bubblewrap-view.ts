import { lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { totalmem } from 'node:os'
import path from 'node:path'
import { isIn } from '../working-folder.ts'
import type { PassedFiles } from './open-files.ts'
import { hiddenIn, type ShownPath } from './shown-paths.ts'

/*
 * The file system inside: an empty one, in which the system's programs are shown read-only, with just what they need of /etc; a
 * /proc of its own, six devices, an empty /tmp and home; then what the operator names and the job's folder. All that comes from
 * outside is bound by an open file: bubblewrap ends rather than bind another that was put into its place.
 */

/** Its own name, by which programs find this machine. */
const hostName = 'skyclaw'
const systemFolders = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']
const ofEtc = names(`ld.so.cache ld.so.conf ld.so.conf.d alternatives localtime timezone services protocols mime.types
  ssl/openssl.cnf`)
/** Only where the network is: names are asked for, and certificates checked. Keys, in /etc/ssl/private, are not among it. */
const ofEtcForNetwork = names(`resolv.conf host.conf gai.conf ssl/certs ca-certificates ca-certificates.conf
  pki/tls/certs pki/tls/cert.pem pki/ca-trust/extracted crypto-policies`)

export interface ViewOptions {
  readonly paths: readonly ShownPath[]
  readonly network: boolean
  /** The host's folder. */
  readonly dir: string
  /** The job's folder; a trial has none. */
  readonly folder: { readonly path: string; readonly fd: number } | undefined
  /** The home of the job, which is empty unless it is shown. */
  readonly home: string | undefined
  readonly memoryBytes: number | undefined
  /** Where each of `paths` led when it was first seen; a symlink that changes since then shows nothing else. */
  readonly pinned: Map<string, string>
}

/** Something of this machine that is bound: where it really is, and where it shows inside. */
interface Bound {
  readonly real: string
  readonly inside: string
  readonly fd: number
  readonly writable: boolean
}

/** What is in the file system, as arguments; or a sentence about what of it is not there. */
export class View {
  readonly #bound: readonly Bound[]
  readonly #options: ViewOptions

  private constructor(bound: readonly Bound[], options: ViewOptions) {
    this.#bound = bound
    this.#options = options
  }

  static open(options: ViewOptions, passed: PassedFiles): View | { reason: string } {
    const bound: Bound[] = []
    for (const { path: shown, writable } of options.paths) {
      try {
        const { fd, real } = passed.open(shown)
        const first = options.pinned.get(shown) ?? real
        options.pinned.set(shown, first)
        if (first !== real)
          return { reason: `${shown} (SKYCLAW_SANDBOX_PATHS) leads to ${real} now, no longer to ${first}` }
        bound.push({ real, inside: shown, fd, writable })
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        return {
          reason: `${shown} (SKYCLAW_SANDBOX_PATHS) cannot be shown: ${code === 'ENOENT' ? 'it is not there' : code}`,
        }
      }
    }
    const { folder } = options
    if (folder) bound.push({ real: folder.path, inside: folder.path, fd: folder.fd, writable: true })
    // What lies within another is bound after it.
    return new View(
      bound.toSorted((a, b) => a.inside.split('/').length - b.inside.split('/').length),
      options,
    )
  }

  /** All of it but the executable. */
  args(passed: PassedFiles): string[] {
    const { network, home, folder } = this.#options
    return [
      ...systemFolders.flatMap(showSystemFolder),
      ...[...ofEtc, ...(network ? ofEtcForNetwork : [])].flatMap((name) => [
        '--ro-bind-try',
        `/etc/${name}`,
        `/etc/${name}`,
      ]),
      ...ownEtc(network, home).flatMap(([name, text]) => ['--ro-bind-data', passed.pass(text), `/etc/${name}`]),
      // Root inside owns what root outside owns: of /proc it could write what is the machine's.
      ...['--proc', '/proc', '--remount-ro', '/proc', '--dev', '/dev'],
      ...this.#empty('/dev/shm', '1777'),
      ...this.#empty('/tmp', '1777'),
      ...['--dir', '/run', '--dir', '/var'],
      // Nothing can be bound below a symlink.
      ...(this.#hasBelow('/var/tmp') ? this.#empty('/var/tmp', '1777') : ['--symlink', '/tmp', '/var/tmp']),
      ...(this.#hasBelow('/var/run') ? ['--dir', '/var/run'] : ['--symlink', '/run', '/var/run']),
      ...this.#home(),
      ...this.#bound.flatMap((bound) => this.#bind(bound, passed)),
      ...(folder ? ['--chdir', folder.path] : ['--chdir', '/']),
    ]
  }

  /** Where a file of this machine, by its true path, shows among what the operator names and the job's folder. */
  inside(real: string): string | undefined {
    const bound = this.#bound.findLast((one) => isIn(real, one.real))
    return bound && path.join(bound.inside, path.relative(bound.real, real))
  }

  /** Whether a path is among these inside. */
  isShown(file: string): boolean {
    return this.#bound.some(({ inside }) => isIn(file, inside))
  }

  /** Whether something is to be bound at a folder or below it. */
  #hasBelow(folder: string): boolean {
    return this.#bound.some(({ inside }) => isIn(inside, folder))
  }

  #bind({ real, inside, fd, writable }: Bound, passed: PassedFiles): string[] {
    if (isIn(inside, '/dev')) return ['--dev-bind', real, inside]
    const hidden = hiddenIn(real, this.#options.dir)
    const over = hidden === undefined ? undefined : path.join(inside, path.relative(real, hidden))
    return [
      ...[writable ? '--bind-fd' : '--ro-bind-fd', passed.pass(fd), inside],
      ...(over === undefined ? [] : ['--perms', '0555', '--size', '4096', '--tmpfs', over, '--remount-ro', over]),
    ]
  }

  #home(): string[] {
    const { home = '' } = this.#options
    const isFolder =
      path.isAbsolute(home) &&
      path.normalize(home) === home &&
      !home.endsWith('/') &&
      home !== '/tmp' &&
      !home.includes('\0')
    if (!isFolder || isSystem(home) || this.isShown(home)) return []
    return this.#empty(home, '0700')
  }

  #empty(folder: string, mode: string): string[] {
    const bytes = this.#options.memoryBytes ?? Math.floor(totalmem() / 4)
    return ['--perms', mode, '--size', String(bytes), '--tmpfs', folder]
  }
}

/** Whether a path inside is the system's, or is made by the sandbox. */
export function isSystem(file: string): boolean {
  return [...systemFolders, '/etc', '/proc', '/dev', '/run', '/var', '/sys'].some((folder) => isIn(file, folder))
}

/** Whether a path is among the programs of the system, which are shown as they are. */
export function isSystemProgram(file: string): boolean {
  return systemFolders.some((folder) => isIn(file, folder))
}

function showSystemFolder(folder: string): string[] {
  try {
    if (lstatSync(folder).isSymbolicLink()) return ['--symlink', readlinkSync(folder), folder]
    return ['--ro-bind', folder, folder]
  } catch {
    return []
  }
}

/** What is written for the sandbox: who it is, and which names it knows. */
function ownEtc(network: boolean, home = '/tmp'): [string, string][] {
  const uid = process.getuid?.() ?? 0
  const gid = process.getgid?.() ?? 0
  const name = uid === 0 ? 'root' : 'skyclaw'
  const group = gid === 0 ? 'root' : 'skyclaw'
  const field = home.replaceAll(/[:\n]/g, '_')
  const nobody = uid === 65_534 ? '' : 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n'
  return [
    ['passwd', `${name}:x:${uid}:${gid}:${name}:${field}:/bin/sh\n${nobody}`],
    ['group', `${group}:x:${gid}:\n${gid === 65_534 ? '' : 'nogroup:x:65534:\n'}`],
    [
      'nsswitch.conf',
      'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n',
    ],
    ['hosts', `127.0.0.1 localhost ${hostName}\n::1 localhost\n${network ? hostsOfMachine() : ''}`],
  ]
}

function hostsOfMachine(): string {
  try {
    return readFileSync('/etc/hosts', 'utf8')
  } catch {
    return ''
  }
}

function names(list: string): string[] {
  return list.trim().split(/\s+/)
}
