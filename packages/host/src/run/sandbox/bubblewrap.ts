import { randomBytes } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'
import { messageOf } from '../../retry.ts'
import type { Environment } from '../environment.ts'
import { findOnPath } from '../find-command.ts'
import type { Command, Contained, OpenExecutable, Sandbox } from '../launch.ts'
import { marker } from '../processes/proc.ts'
import { isSystem, isSystemProgram, View } from './bubblewrap-view.ts'
import type { SandboxSettings } from './create-sandbox.ts'
import { inheritedFolders } from './inherited-folders.ts'
import { PassedFiles, readFrom } from './open-files.ts'
import { unfitFolder } from './shown-paths.ts'
import { unfitVariable } from './variables.ts'

/*
 * bubblewrap (`bwrap`): namespaces of the kernel, no daemon and no image. What is to be in the sandbox goes to it by an open
 * file, not on its command line, where every user of the machine would read it; the job's variables too, which it sets for the
 * job alone: none of them can change what bubblewrap itself does. The job is in a session of its own, so that a signal that it
 * sends to its group does not reach the process that watches over it; when that one ends, the kernel ends all inside.
 */

/** What this bubblewrap can do. */
interface Features {
  readonly file: string
  readonly argv0: boolean
  readonly disableUserns: boolean
}

/** Milliseconds for a trial. */
const trialMs = 10_000
/** Bytes of what it says of itself that are read; it is some two hundred. */
const maxStatusBytes = 4_096
/** A file that is put there does not cover anything, nor is anything of this machine in the same folder. */
const privateFolder = '/run/skyclaw'

export function bubblewrap(settings: SandboxSettings): Sandbox {
  const pinned = new Map<string, string>()
  const open = process.platform === 'linux' ? inheritedFolders() : []
  let known: Features | undefined

  /** What is true of one that was found stays true until it is gone. */
  async function features(): Promise<Features | { reason: string }> {
    if (process.platform !== 'linux') return { reason: 'bubblewrap cannot start: it needs Linux' }
    if (open.length > 0) {
      return { reason: `bubblewrap cannot keep jobs in: the host was started with folders open, ${open.join(', ')}` }
    }
    const file = findOnPath('bwrap', settings.environment['PATH'])
    if (file === undefined) return { reason: 'bubblewrap cannot start: bwrap was not found on the PATH of the host' }
    if (known?.file === file) return known
    const found = await readFeatures(file)
    if (!('reason' in found)) known = found
    return found
  }

  return {
    kind: 'bubblewrap',
    async contain(command) {
      const found = await features()
      return 'reason' in found ? found : contain(settings, pinned, found, command)
    },
    async check() {
      const found = await features()
      if ('reason' in found) return found.reason
      const trouble = await tryOut(settings, pinned, found)
      // It may have been replaced by another version.
      if (trouble !== undefined) known = undefined
      return trouble
    },
  }
}

async function readFeatures(file: string): Promise<Features | { reason: string }> {
  const options = { reject: false, stdin: 'ignore', timeout: trialMs, maxBuffer: 65_536 } as const
  const { stdout, failed, shortMessage } = await execa(file, ['--help'], options)
  if (failed) return { reason: `bubblewrap cannot start: ${shortMessage}` }
  if (!stdout.includes('--ro-bind-fd')) {
    return {
      reason: `bubblewrap cannot be used: ${file} has no --ro-bind-fd (version 0.10, or an older one with that fix)`,
    }
  }
  return { file, argv0: stdout.includes('--argv0'), disableUserns: stdout.includes('--disable-userns') }
}

function contain(
  settings: SandboxSettings,
  pinned: Map<string, string>,
  features: Features,
  command: Command,
): Contained | { reason: string } {
  const { executable, folder, args, env, limits, tag } = command
  const { path: cwd, fd } = folder
  const unfit = unfitFolder(cwd, settings.dir) ?? unfitVariable(env)
  if (unfit !== undefined) return { reason: unfit }
  if (fd === undefined || executable.fd === undefined) return { reason: 'bubblewrap needs Linux' }
  const passed = new PassedFiles()
  try {
    const { paths, network, dir } = settings
    const { memoryBytes } = limits
    const view = View.open(
      { paths, network, dir, folder: { path: cwd, fd }, home: env['HOME'], memoryBytes, pinned },
      passed,
    )
    if ('reason' in view) {
      passed.close()
      return view
    }
    const program = place(executable, executable.fd, view, passed)
    const own = [...view.args(passed), ...program.args, ...setVariables(env, view)]
    return launchOf(settings, features, passed, { own, file: program.file, argv0: executable.path, args, tag })
  } catch (error) {
    passed.close()
    throw error
  }
}

/** Tries whether a program can be run inside: one of the system, without a job's folder. */
async function tryOut(
  settings: SandboxSettings,
  pinned: Map<string, string>,
  features: Features,
): Promise<string | undefined> {
  const passed = new PassedFiles()
  try {
    const { paths, network, dir } = settings
    const view = View.open(
      { paths, network, dir, folder: undefined, home: undefined, memoryBytes: undefined, pinned },
      passed,
    )
    if ('reason' in view) return view.reason
    const own = [...view.args(passed), '--setenv', 'PATH', '/usr/bin:/bin']
    const tag = `trial-${randomBytes(8).toString('hex')}`
    const { launch } = launchOf(settings, features, passed, { own, file: 'true', argv0: 'true', args: [], tag })
    const { failed, stderr, shortMessage } = await execa(launch.file, [...launch.args], {
      cwd: launch.cwd,
      env: launch.env,
      extendEnv: false,
      reject: false,
      timeout: trialMs,
      // Numbers of open files are taken beyond 9 as well, though the types know those only.
      stdio: ['ignore', 'ignore', 'pipe', ...((launch.files ?? []) as Uint8Array[])],
      maxBuffer: 65_536,
    })
    return failed ? `bubblewrap cannot start: ${stderr.trim() || shortMessage}` : undefined
  } catch (error) {
    return `bubblewrap cannot start: ${messageOf(error)}`
  } finally {
    passed.close()
  }
}

interface Inside {
  /** Of bubblewrap itself. */
  readonly own: readonly string[]
  readonly file: string
  readonly argv0: string
  readonly args: readonly string[]
  readonly tag: string
}

function launchOf(
  { network, dir }: SandboxSettings,
  { file, argv0, disableUserns }: Features,
  passed: PassedFiles,
  inside: Inside,
): Contained {
  const status = passed.openNameless(dir, `sandbox-${inside.tag}`)
  const own = [
    ...['--unshare-all', '--unshare-user', ...(network ? ['--share-net'] : [])],
    // Namespaces within the namespace would give back what was taken away, and are a way into the kernel.
    ...(disableUserns ? ['--disable-userns'] : []),
    ...['--die-with-parent', '--new-session', '--hostname', 'skyclaw', '--cap-drop', 'ALL', '--clearenv'],
    ...inside.own,
    ...['--remount-ro', '/', '--remount-ro', '/dev', '--json-status-fd', passed.pass(status)],
    ...(argv0 ? ['--argv0', inside.argv0] : []),
  ]
  const args = ['--args', passed.pass(own.map((arg) => `${arg}\0`).join('')), '--', inside.file, ...inside.args]
  let said = ''
  return {
    launch: { file, args, cwd: '/', env: { [marker]: inside.tag }, files: passed.files },
    visible: true,
    endsTogether: true,
    async end() {
      said = readFrom(status, maxStatusBytes)
      passed.close()
    },
    trouble: ({ exitCode, stderr }) =>
      exitCode === 1 && !said.includes('"exit-code"') ? troubleIn(stderr) : undefined,
  }
}

/** Its own words, of all that was written to stderr. */
function troubleIn(stderr: string): string {
  const words = stderr.split('\n').filter((line) => line.startsWith('bwrap: '))
  const detail = words.length === 0 ? 'it said nothing' : words.map((line) => line.slice('bwrap: '.length)).join('; ')
  const remedy = ' (what a program needs of this machine is shown to it with SKYCLAW_SANDBOX_PATHS)'
  return `bubblewrap could not start the job: ${detail}${detail.includes('execvp') ? remedy : ''}`
}

/**
 * Puts the open file of the command where it is executed. A program of the system stays in its place, which nobody inside can
 * write. Where the operator or the job shows the folder that it is in, that might be replaced meanwhile: there a program is
 * executed from a folder that only this sandbox has. A script stays: what it needs lies beside it.
 */
function place(
  { path: given, opensAgain = false }: OpenExecutable,
  fd: number,
  view: View,
  passed: PassedFiles,
): { args: string[]; file: string } {
  const real = readlinkSync(`/proc/self/fd/${fd}`)
  const over = (file: string) => ['--ro-bind-fd', passed.pass(fd), file]
  const shown = view.inside(real)
  if (shown !== undefined && opensAgain) return { args: over(shown), file: view.isShown(given) ? given : shown }
  if (shown !== undefined || view.isShown(given)) {
    const file = path.join(privateFolder, path.basename(given))
    return { args: over(file), file }
  }
  if (isSystemProgram(real)) return { args: over(real), file: isSystem(given) ? given : real }
  return { args: over(given), file: given }
}

/** The job's variables, and what of them leads nowhere inside set right. */
function setVariables(env: Environment, view: View): string[] {
  const temp = ['TMPDIR', 'TMP', 'TEMP']
  return Object.entries(env).flatMap(([name, value]) => {
    const leads = !temp.includes(name) || view.isShown(path.resolve(value))
    return ['--setenv', name, leads ? value : '/tmp']
  })
}
