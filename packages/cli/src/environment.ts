import { didYouMean } from './arguments/nearest.ts'
import { SettingError, type Settings, valueOf, valueOrDefault } from './settings/settings.ts'
import { type ValueOf, type VariableKey, variables } from './settings/variables.ts'

/** Options of `startCoordinator` that settings decide. Times are in milliseconds. */
export interface CoordinatorSettings {
  dbPath: string
  port: number
  leaseMs: number
  repairAfterMs: number
  idempotencyTtlMs: number
  peerDiscovery: boolean
  maxLogBytes: number
  maxLogsBytes: number
  token?: string
  host?: string
  nodeId?: string
  publicUrl?: string
  peerUrls?: string[]
  minReplications?: number
}

/** Options of `startHost` that settings decide. Times are in milliseconds. */
export interface HostSettings {
  coordinators: string[]
  learn: boolean
  allowedCommands: string[]
  openclawCommand: string
  maxParallel: number
  heartbeatMs: number
  timeoutMs: number
  maxOutputBytes: number
  drainMs: number
  killGraceMs: number
  maxLogBytes: number
  workRoots: string[]
  sandbox: ValueOf<'sandbox'>
  sandboxNetwork: boolean
  sandboxPaths: string[]
  policyFile?: string
  sandboxImage?: string
  maxMemoryBytes?: number
  maxCpuMs?: number
  maxOpenFiles?: number
  maxProcesses?: number
  token?: string
  name?: string
  id?: string
  dir?: string
  capabilities?: string[]
  labels?: Record<string, string>
}

/** Options of `createClient` that settings decide. */
export interface ClientSettings {
  coordinators: string[]
  learn: boolean
  timeoutMs: number
  token?: string
}

/**
 * Reads every `SKYCLAW_*` variable, and is the only place that reads the environment. An empty variable is unset. Nothing is
 * checked yet: the functions below check what they use.
 */
export function readEnv(env: Record<string, string | undefined> = process.env): Settings {
  const keys = new Map((Object.keys(variables) as VariableKey[]).map((key) => [variables[key].name, key]))
  const texts: { -readonly [K in keyof Settings['texts']]: Settings['texts'][K] } = {}
  const warnings: string[] = []
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('SKYCLAW_') || text === undefined || text === '') continue
    const key = keys.get(name)
    if (key) texts[key] = { text, source: name }
    else warnings.push(`${name} means nothing to this version${didYouMean(name, keys.keys())}`)
  }
  const plain = Boolean(env['NO_COLOR']) || env['TERM'] === 'dumb'
  return { texts, warnings, plain }
}

/** A variable of whoever runs the command that is no setting of this program; undefined for one that is not set, or empty. */
export function readVariable(name: string, env: Record<string, string | undefined> = process.env): string | undefined {
  return env[name] || undefined
}

/** Throws a SettingError for a value that is wrong, and for listening to the world without a token. */
export function toCoordinatorOptions(settings: Settings): CoordinatorSettings {
  const token = valueOf(settings, 'token')
  const host = valueOf(settings, 'listenHost')
  if (host !== undefined && token === undefined && !isLoopback(host)) {
    const source = settings.texts.listenHost?.source
    throw new SettingError(`${source} is ${host}, which others can reach: set SKYCLAW_TOKEN, or listen on 127.0.0.1`)
  }
  return {
    dbPath: valueOrDefault(settings, 'dbPath'),
    port: valueOrDefault(settings, 'port'),
    leaseMs: valueOrDefault(settings, 'leaseMs'),
    repairAfterMs: valueOrDefault(settings, 'repairAfterMs'),
    idempotencyTtlMs: valueOrDefault(settings, 'idempotencyTtlMs'),
    peerDiscovery: valueOrDefault(settings, 'peerDiscovery'),
    maxLogBytes: valueOrDefault(settings, 'maxLogBytes'),
    maxLogsBytes: valueOrDefault(settings, 'maxLogsBytes'),
    ...given({ token, host, nodeId: valueOf(settings, 'nodeId'), publicUrl: valueOf(settings, 'publicUrl') }),
    ...given({ peerUrls: valueOf(settings, 'peerUrls'), minReplications: valueOf(settings, 'minReplications') }),
  }
}

/** Throws a SettingError for a value that is wrong. */
export function toHostOptions(settings: Settings): HostSettings {
  return {
    coordinators: coordinatorUrls(settings),
    learn: valueOrDefault(settings, 'learnCoordinators'),
    allowedCommands: valueOf(settings, 'allowedCommands') ?? [],
    openclawCommand: valueOrDefault(settings, 'openclawCommand'),
    maxParallel: valueOrDefault(settings, 'maxParallel'),
    heartbeatMs: valueOrDefault(settings, 'heartbeatMs'),
    timeoutMs: valueOrDefault(settings, 'timeoutMs'),
    maxOutputBytes: valueOrDefault(settings, 'maxOutputBytes'),
    drainMs: valueOrDefault(settings, 'drainMs'),
    killGraceMs: valueOrDefault(settings, 'killGraceMs'),
    maxLogBytes: valueOrDefault(settings, 'maxLogBytes'),
    workRoots: valueOf(settings, 'workRoots') ?? [],
    sandbox: valueOrDefault(settings, 'sandbox'),
    sandboxNetwork: valueOrDefault(settings, 'sandboxNetwork'),
    sandboxPaths: valueOf(settings, 'sandboxPaths') ?? [],
    ...given({ policyFile: valueOf(settings, 'policyFile'), sandboxImage: valueOf(settings, 'sandboxImage') }),
    ...given({ maxMemoryBytes: valueOf(settings, 'maxMemoryBytes'), maxCpuMs: valueOf(settings, 'maxCpuMs') }),
    ...given({ maxOpenFiles: valueOf(settings, 'maxOpenFiles'), maxProcesses: valueOf(settings, 'maxProcesses') }),
    ...given({
      token: valueOf(settings, 'token'),
      name: valueOf(settings, 'hostName'),
      id: valueOf(settings, 'hostId'),
    }),
    ...given({ dir: valueOf(settings, 'hostDir'), capabilities: valueOf(settings, 'capabilities') }),
    ...given({ labels: valueOf(settings, 'hostLabels') }),
  }
}

/** Throws a SettingError for a value that is wrong. */
export function toClientOptions(settings: Settings): ClientSettings {
  return {
    coordinators: coordinatorUrls(settings),
    learn: valueOrDefault(settings, 'learnCoordinators'),
    timeoutMs: valueOrDefault(settings, 'requestTimeoutMs'),
    ...given({ token: valueOf(settings, 'token') }),
  }
}

/** The level of the daemons' logs. Throws a SettingError for a value that is wrong. */
export function toLogLevel(settings: Settings): ValueOf<'logLevel'> {
  return valueOrDefault(settings, 'logLevel')
}

/** Each coordinator once, the single one first. */
function coordinatorUrls(settings: Settings): string[] {
  const one = valueOf(settings, 'coordinatorUrl') ?? []
  const more = valueOf(settings, 'coordinatorUrls') ?? []
  const urls = [...new Set([...one, ...more])]
  return urls.length > 0 ? urls : valueOrDefault(settings, 'coordinatorUrl')
}

/** Whether only this machine reaches it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** Without the fields that are undefined: an option left out keeps its default. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(kept) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
