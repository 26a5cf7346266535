import { totalmem } from 'node:os'
import type { JobLimits } from '../launch.ts'
import type { SandboxSettings } from './create-sandbox.ts'
import { hiddenIn } from './shown-paths.ts'

export type ContainerKind = 'docker' | 'podman'

export interface ContainerPlan {
  readonly name: string
  /** The job's folder; a trial has none. */
  readonly folder: string | undefined
  readonly limits: JobLimits
  /** Names of variables, whose values the client has in its own environment. */
  readonly variables: readonly string[]
}

export interface ContainerSettings extends SandboxSettings {
  readonly kind: ContainerKind
  readonly image: string
}

/** The arguments of `run` up to the image; or a sentence about a path that cannot be given to it. */
export function runArgs(
  settings: ContainerSettings,
  { name, folder, limits, variables }: ContainerPlan,
): { args: string[] } | { reason: string } {
  const { kind, network, paths, dir } = settings
  const shown = [...paths, ...(folder === undefined ? [] : [{ path: folder, writable: true }])]
  const bad = shown.find(({ path }) => /[,"\n\r]/.test(path))
  if (bad)
    return { reason: `${kind} cannot show ${JSON.stringify(bad.path)}: its name has a comma, quote or line break` }
  const ids = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`
  const { memoryBytes, cpuMs, openFiles, processes } = limits
  const tempBytes = memoryBytes ?? Math.floor(totalmem() / 4)
  const args = [
    ...['run', '--rm', '--interactive', '--init', '--pull', 'never', '--name', name, '--hostname', 'skyclaw'],
    ...['--log-driver', 'none', '--network', network ? 'bridge' : 'none', '--read-only'],
    ...['--tmpfs', `/tmp:rw,exec,nosuid,nodev,mode=1777,size=${tempBytes}`],
    ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', ids],
    // The files that it writes belong to this user then; labels would keep it from its folder.
    ...(kind === 'podman' ? [...keepIds(), '--security-opt', 'label=disable'] : []),
    ...(memoryBytes === undefined ? [] : ['--memory', String(memoryBytes), '--memory-swap', String(memoryBytes)]),
    ...(cpuMs === undefined ? [] : ['--ulimit', `cpu=${Math.max(1, Math.ceil(cpuMs / 1_000))}`]),
    ...(openFiles === undefined ? [] : ['--ulimit', `nofile=${openFiles}:${openFiles}`]),
    // One is the init of the container.
    ...(processes === undefined ? [] : ['--pids-limit', String(processes + 1)]),
    ...shown.flatMap(({ path, writable }) => mount(path, writable, dir)),
    ...(folder === undefined ? [] : ['--workdir', folder]),
    ...['--env', 'HOME=/tmp', ...variables.flatMap((variable) => ['--env', variable])],
  ]
  return { args }
}

function keepIds(): string[] {
  return process.getuid?.() === 0 ? [] : ['--userns', 'keep-id']
}

function mount(path: string, writable: boolean, dir: string): string[] {
  const hidden = hiddenIn(path, dir)
  return [
    ...['--mount', `type=bind,source=${path},target=${path}${writable ? '' : ',readonly'}`],
    ...(hidden === undefined ? [] : ['--mount', `type=tmpfs,target=${hidden},tmpfs-size=4096,tmpfs-mode=0555`]),
  ]
}
