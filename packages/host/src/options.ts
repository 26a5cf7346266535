import { hostname } from 'node:os'
import path from 'node:path'
import { limits } from '@skyclaw/protocol'
import { type Logger, pino } from 'pino'
import { HostError } from './errors.ts'
import { pinRoot } from './run/working-folder.ts'

export interface HostOptions {
  /** URLs of coordinators; more are learned from them, and remembered in `dir`. */
  coordinators: readonly string[]
  /** Whether to learn more coordinators, which are sent the token like those given; default true. */
  learn?: boolean
  token?: string | undefined
  /** Shown to people; default the machine's host name. */
  name?: string
  /** The host's id; default the one kept in `dir`, made at the first start. */
  id?: string
  /** Folder for id, spool and lock; default `.skyclaw/hosts/<name>`. One host at a time uses it. */
  dir?: string
  /** What it offers; default `shell` when commands are allowed and `openclaw` when the command is there. */
  capabilities?: readonly string[]
  labels?: Record<string, string>
  /** Commands that shell jobs may name: bare names, found on the PATH at start, or absolute paths. Default none. */
  allowedCommands?: readonly string[]
  /** The OpenClaw command: a bare name or a path; default `openclaw`. */
  openclawCommand?: string
  /** Names of `environment` that jobs inherit beside the short list. */
  inheritEnv?: readonly string[]
  /** The environment of which jobs inherit a short list, and whose PATH finds commands; default that of this process. */
  environment?: Readonly<Record<string, string | undefined>>
  /** Jobs at once; default 1. */
  maxParallel?: number
  /** Milliseconds between heartbeats, at most a third of the lease time; twice as long while it holds no job; default 5,000. */
  heartbeatMs?: number
  /** Milliseconds a claim waits at the coordinator; default 25,000. */
  claimWaitMs?: number
  /** Milliseconds an attempt may take when its job does not say; default 300,000. */
  timeoutMs?: number
  /** Milliseconds between SIGTERM and SIGKILL; default 10,000. */
  killGraceMs?: number
  /** Bytes kept of stdout and of stderr; default 131,072. */
  maxOutputBytes?: number
  /** Milliseconds that `drain` lets jobs go on; default 30,000. */
  drainMs?: number
  /** Milliseconds that the end waits for results to be acknowledged; the rest is delivered after the next start. Default 5,000. */
  deliverMs?: number
  /** Bytes kept of the log of stdout and of stderr, here until it is delivered and at the coordinators; default 4,194,304. */
  maxLogBytes?: number
  /** A file of rules for commands beside `allowedCommands`; default none. Read at start. */
  policyFile?: string | undefined
  /** Folders in or below which jobs may work; default anywhere. */
  workRoots?: readonly string[]
  /** What a job runs in; default `none`. A sandbox that cannot start refuses the job. */
  sandbox?: SandboxKind
  /** Whether jobs in a sandbox reach the network; default false. */
  sandboxNetwork?: boolean
  /** What else a sandbox shows of this machine: paths, read-only unless they end with `:rw`. */
  sandboxPaths?: readonly string[]
  /** The image for `docker` and `podman`. */
  sandboxImage?: string | undefined
  /** Bytes of memory that a job's processes may have together; default no limit. */
  maxMemoryBytes?: number | undefined
  /** Milliseconds of processor time that a job may use; default no limit. */
  maxCpuMs?: number | undefined
  /** Files that each process of a job may have open; default the system's. */
  maxOpenFiles?: number | undefined
  /** Processes that a job may have at once; default no limit. */
  maxProcesses?: number | undefined
  /** Results waiting for acknowledgement above which nothing is claimed; default 256. */
  maxSpooled?: number
  /** Results kept that the coordinators refused; default 100. */
  maxRejected?: number
  /** Default: silent. */
  logger?: Logger
}

/** What a job runs in. */
export const sandboxKinds = ['none', 'bubblewrap', 'docker', 'podman'] as const
export type SandboxKind = (typeof sandboxKinds)[number]

export type ResolvedHostOptions = Required<Omit<HostOptions, 'token' | 'id' | 'capabilities'>> & {
  token: string | undefined
  id: string | undefined
  capabilities: readonly string[] | undefined
}

/** Longer times do not fit a timer. */
const maxMs = 2_147_483_647

/** Fills the defaults in. Throws a `HostError` that names the option. Token and coordinators are checked by the client. */
export function resolveHostOptions(options: HostOptions): ResolvedHostOptions {
  const name = options.name ?? hostname()
  if (name === '' || name.length > limits.nameChars || name.includes('\0')) {
    throw invalid('name', `must have 1 to ${limits.nameChars} characters`)
  }
  if (options.id !== undefined && !isId(options.id)) {
    throw invalid('id', `must be 1 to ${limits.idChars} letters, digits and . _ : -, starting with a letter or digit`)
  }
  return {
    coordinators: options.coordinators,
    learn: options.learn ?? true,
    token: options.token,
    name,
    id: options.id,
    dir: path.resolve(options.dir ?? path.join('.skyclaw', 'hosts', folderName(name))),
    capabilities: options.capabilities,
    labels: options.labels ?? {},
    allowedCommands: options.allowedCommands ?? [],
    openclawCommand: options.openclawCommand ?? 'openclaw',
    inheritEnv: options.inheritEnv ?? [],
    // oxlint-disable-next-line node/no-process-env -- what jobs inherit comes from the process, settings never do
    environment: options.environment ?? process.env,
    maxParallel: whole('maxParallel', options.maxParallel ?? 1, limits.maxParallel),
    heartbeatMs: whole('heartbeatMs', options.heartbeatMs ?? 5_000, maxMs),
    claimWaitMs: whole('claimWaitMs', options.claimWaitMs ?? 25_000, limits.waitMs),
    timeoutMs: whole('timeoutMs', options.timeoutMs ?? 300_000, limits.timeoutMs),
    killGraceMs: whole('killGraceMs', options.killGraceMs ?? 10_000, maxMs, 0),
    // The mark of a cut needs room below the protocol's limit.
    maxOutputBytes: whole('maxOutputBytes', options.maxOutputBytes ?? 131_072, limits.outputBytes - 256),
    drainMs: whole('drainMs', options.drainMs ?? 30_000, maxMs, 0),
    deliverMs: whole('deliverMs', options.deliverMs ?? 5_000, maxMs, 0),
    maxLogBytes: whole('maxLogBytes', options.maxLogBytes ?? 4_194_304, limits.logBytes, 4_096),
    policyFile: options.policyFile,
    workRoots: (options.workRoots ?? []).map(checkRoot),
    sandbox: oneOf('sandbox', options.sandbox ?? 'none', sandboxKinds),
    sandboxNetwork: options.sandboxNetwork ?? false,
    sandboxPaths: options.sandboxPaths ?? [],
    sandboxImage: options.sandboxImage,
    maxMemoryBytes: optional('maxMemoryBytes', options.maxMemoryBytes, Number.MAX_SAFE_INTEGER),
    maxCpuMs: optional('maxCpuMs', options.maxCpuMs, limits.durationMs),
    maxOpenFiles: optional('maxOpenFiles', options.maxOpenFiles, 1_048_576),
    maxProcesses: optional('maxProcesses', options.maxProcesses, 4_194_304),
    maxSpooled: whole('maxSpooled', options.maxSpooled ?? 256, limits.heartbeatJobs - limits.maxParallel),
    maxRejected: whole('maxRejected', options.maxRejected ?? 100, 1_000_000, 0),
    logger: options.logger ?? pino({ enabled: false }),
  }
}

/** Whether a text is an id by the protocol. */
export function isId(text: string): boolean {
  return text.length <= limits.idChars && /^[A-Za-z0-9][A-Za-z0-9._:-]*$/.test(text)
}

/** A name as one folder name on every file system. */
function folderName(name: string): string {
  return encodeURIComponent(name)
    .replaceAll(/[*.~]/g, (char) => (char === '.' ? '.' : '_'))
    .replace(/^\.+/, '_')
}

function whole(option: string, value: unknown, max: number, min = 1): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw invalid(option, `must be a whole number from ${min} to ${max}, not ${String(value)}`)
}

function optional(option: string, value: number | undefined, max: number): number | undefined {
  return value === undefined ? undefined : whole(option, value, max)
}

/** The folder as it is now, without symlinks. */
function checkRoot(root: string, index: number): string {
  if (path.isAbsolute(root)) return pinRoot(root)
  throw invalid(`workRoots[${index}]`, `must be an absolute path, not ${JSON.stringify(root)}`)
}

function oneOf<T extends string>(option: string, value: T, values: readonly T[]): T {
  if (values.includes(value)) return value
  throw invalid(option, `must be one of ${values.join(', ')}, not ${value}`)
}

function invalid(option: string, detail: string): HostError {
  return new HostError('invalid_option', `${option} ${detail}`)
}
