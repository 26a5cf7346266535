import { expect, test } from 'vitest'
import { readEnv, toClientOptions, toCoordinatorOptions, toHostOptions, toLogLevel } from './environment.ts'
import { SettingError, withFlags } from './settings/settings.ts'

test('an empty environment gives the documented defaults', () => {
  const settings = readEnv({})
  expect(settings.warnings).toEqual([])
  expect(toCoordinatorOptions(settings)).toEqual({
    dbPath: '.skyclaw/coordinator.db',
    port: 8787,
    leaseMs: 20_000,
    repairAfterMs: 600_000,
    idempotencyTtlMs: 86_400_000,
    peerDiscovery: true,
    maxLogBytes: 4_194_304,
    maxLogsBytes: 1_073_741_824,
  })
  expect(toHostOptions(settings)).toEqual({
    coordinators: ['http://127.0.0.1:8787'],
    learn: true,
    allowedCommands: [],
    openclawCommand: 'openclaw',
    maxParallel: 1,
    heartbeatMs: 5_000,
    timeoutMs: 300_000,
    maxOutputBytes: 131_072,
    drainMs: 30_000,
    killGraceMs: 10_000,
    maxLogBytes: 4_194_304,
    workRoots: [],
    sandbox: 'none',
    sandboxNetwork: false,
    sandboxPaths: [],
  })
  expect(toClientOptions(settings)).toEqual({
    coordinators: ['http://127.0.0.1:8787'],
    learn: true,
    timeoutMs: 10_000,
  })
  expect(toLogLevel(settings)).toBe('info')
})

test('every variable reaches the option it names', () => {
  const settings = readEnv({
    SKYCLAW_TOKEN: 't0ken',
    SKYCLAW_COORDINATOR_URL: 'http://a:1/',
    SKYCLAW_COORDINATOR_URLS: 'http://b:2, https://c/x ,http://a:1',
    SKYCLAW_LEARN_COORDINATORS: '0',
    SKYCLAW_REQUEST_TIMEOUT_MS: '500',
    SKYCLAW_COORDINATOR_NODE_ID: 'n1',
    SKYCLAW_COORDINATOR_PORT: '0',
    SKYCLAW_COORDINATOR_HOST: '0.0.0.0',
    SKYCLAW_COORDINATOR_PUBLIC_URL: 'https://sky.example',
    SKYCLAW_PEER_URLS: 'http://b:8787/, http://c:8787',
    SKYCLAW_PEER_DISCOVERY: '0',
    SKYCLAW_MIN_REPLICATIONS: '3',
    SKYCLAW_DB_PATH: '/data/x.db',
    SKYCLAW_LEASE_MS: '2000',
    SKYCLAW_REPAIR_AFTER_MS: '3000',
    SKYCLAW_IDEMPOTENCY_TTL_MS: '60000',
    SKYCLAW_HOST_NAME: 'attic box',
    SKYCLAW_HOST_ID: 'h-1',
    SKYCLAW_HOST_DIR: '/data/h',
    SKYCLAW_CAPABILITIES: 'gpu, ffmpeg,',
    SKYCLAW_HOST_LABELS: 'zone=attic,note=a=b',
    SKYCLAW_ALLOWED_COMMANDS: 'echo,/bin/ls',
    SKYCLAW_OPENCLAW_COMMAND: '/opt/openclaw',
    SKYCLAW_MAX_PARALLEL: '4',
    SKYCLAW_HEARTBEAT_MS: '700',
    SKYCLAW_TIMEOUT_MS: '1000',
    SKYCLAW_MAX_OUTPUT_BYTES: '2048',
    SKYCLAW_DRAIN_MS: '0',
    SKYCLAW_KILL_GRACE_MS: '1500',
    SKYCLAW_MAX_LOG_BYTES: '8192',
    SKYCLAW_MAX_LOGS_BYTES: '2097152',
    SKYCLAW_POLICY_FILE: '/etc/skyclaw/policy.yaml',
    SKYCLAW_WORK_ROOTS: '/srv/work,/data',
    SKYCLAW_SANDBOX: 'podman',
    SKYCLAW_SANDBOX_NETWORK: '1',
    SKYCLAW_SANDBOX_PATHS: '/models, /scratch:rw',
    SKYCLAW_SANDBOX_IMAGE: 'docker.io/library/debian:13',
    SKYCLAW_MAX_MEMORY_BYTES: '4194304',
    SKYCLAW_MAX_CPU_MS: '90000',
    SKYCLAW_MAX_OPEN_FILES: '64',
    SKYCLAW_MAX_PROCESSES: '9',
    SKYCLAW_LOG_LEVEL: 'debug',
  })
  expect(settings.warnings).toEqual([])
  expect(toCoordinatorOptions(settings)).toEqual({
    token: 't0ken',
    nodeId: 'n1',
    port: 0,
    host: '0.0.0.0',
    publicUrl: 'https://sky.example',
    peerUrls: ['http://b:8787', 'http://c:8787'],
    minReplications: 3,
    dbPath: '/data/x.db',
    leaseMs: 2_000,
    repairAfterMs: 3_000,
    idempotencyTtlMs: 60_000,
    peerDiscovery: false,
    maxLogBytes: 8_192,
    maxLogsBytes: 2_097_152,
  })
  expect(toHostOptions(settings)).toEqual({
    token: 't0ken',
    coordinators: ['http://a:1', 'http://b:2', 'https://c/x'],
    learn: false,
    name: 'attic box',
    id: 'h-1',
    dir: '/data/h',
    capabilities: ['gpu', 'ffmpeg'],
    labels: { zone: 'attic', note: 'a=b' },
    allowedCommands: ['echo', '/bin/ls'],
    openclawCommand: '/opt/openclaw',
    maxParallel: 4,
    heartbeatMs: 700,
    timeoutMs: 1_000,
    maxOutputBytes: 2_048,
    drainMs: 0,
    killGraceMs: 1_500,
    maxLogBytes: 8_192,
    policyFile: '/etc/skyclaw/policy.yaml',
    workRoots: ['/srv/work', '/data'],
    sandbox: 'podman',
    sandboxNetwork: true,
    sandboxPaths: ['/models', '/scratch:rw'],
    sandboxImage: 'docker.io/library/debian:13',
    maxMemoryBytes: 4_194_304,
    maxCpuMs: 90_000,
    maxOpenFiles: 64,
    maxProcesses: 9,
  })
  expect(toClientOptions(settings)).toMatchObject({ learn: false, timeoutMs: 500 })
  expect(toLogLevel(settings)).toBe('debug')
})

test.each([
  ['SKYCLAW_COORDINATOR_PORT', '70000', 'a whole number from 0 to 65535'],
  ['SKYCLAW_COORDINATOR_PORT', '1e3', 'a whole number'],
  ['SKYCLAW_LEASE_MS', '10', 'a whole number from 500'],
  ['SKYCLAW_COORDINATOR_PUBLIC_URL', 'sky.example', 'a URL such as http://'],
  ['SKYCLAW_COORDINATOR_NODE_ID', '-x', 'letters, digits'],
  ['SKYCLAW_PEER_URLS', 'node-b', 'a URL such as http://'],
  ['SKYCLAW_PEER_DISCOVERY', 'yes', '0 or 1'],
  ['SKYCLAW_MIN_REPLICATIONS', '0', 'a whole number from 1'],
])('a wrong %s (%s) is an error that names it and says what would be right', (name, value, right) => {
  const error = errorOf(() => toCoordinatorOptions(readEnv({ [name]: value })))
  expect(error).toContain(name)
  expect(error).toContain(right)
  expect(error).toContain(JSON.stringify(value))
})

test.each([
  ['SKYCLAW_COORDINATOR_URLS', 'http://a, b', 'a URL'],
  ['SKYCLAW_HOST_LABELS', 'attic', 'zone=attic'],
  ['SKYCLAW_MAX_PARALLEL', '0', 'a whole number from 1'],
  ['SKYCLAW_WORK_ROOTS', '/srv,work', 'an absolute path'],
  ['SKYCLAW_SANDBOX', 'chroot', 'one of none, bubblewrap, docker, podman'],
  ['SKYCLAW_SANDBOX_IMAGE', '--privileged', 'the name of an image'],
])('a wrong %s (%s) of a host is an error too', (name, value, right) => {
  expect(errorOf(() => toHostOptions(readEnv({ [name]: value })))).toMatch(new RegExp(`^${name} .*${right}`))
})

test('a wrong token is never shown', () => {
  expect(errorOf(() => toClientOptions(readEnv({ SKYCLAW_TOKEN: 'se cret' })))).not.toContain('cret')
})

test('an empty variable is unset', () => {
  const settings = readEnv({ SKYCLAW_COORDINATOR_PORT: '', SKYCLAW_PEER_URLS: '', SKYCLAW_NONSENSE: '' })
  expect(settings.warnings).toEqual([])
  expect(toCoordinatorOptions(settings).port).toBe(8_787)
})

test('an unknown SKYCLAW variable warns and names the nearest known one', () => {
  expect(readEnv({ SKYCLAW_LEASE: '1', PATH: '/bin' }).warnings).toEqual([
    'SKYCLAW_LEASE means nothing to this version; did you mean SKYCLAW_LEASE_MS?',
  ])
  expect(readEnv({ SKYCLAW_BANANA_SPLIT_COUNT: '1' }).warnings).toEqual([
    'SKYCLAW_BANANA_SPLIT_COUNT means nothing to this version',
  ])
})

test('listening for others needs a token; loopback does not', () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.2']) {
    expect(errorOf(() => toCoordinatorOptions(readEnv({ SKYCLAW_COORDINATOR_HOST: host })))).toContain('SKYCLAW_TOKEN')
  }
  for (const host of ['127.0.0.1', '::1', 'localhost', '127.1.2.3']) {
    expect(toCoordinatorOptions(readEnv({ SKYCLAW_COORDINATOR_HOST: host })).host).toBe(host)
  }
})

test('flags win over variables, and a URL flag stands alone', () => {
  const env = readEnv({
    SKYCLAW_COORDINATOR_URL: 'http://a:1',
    SKYCLAW_COORDINATOR_URLS: 'http://b:2',
    SKYCLAW_TOKEN: 'x',
  })
  const settings = withFlags(env, { coordinatorUrl: ['http://c:3', 'http://d:4'], token: ['y'] })
  expect(toClientOptions(settings)).toMatchObject({ coordinators: ['http://c:3', 'http://d:4'], token: 'y' })
})

test('a wrong flag is named as the flag', () => {
  const settings = withFlags(readEnv({ SKYCLAW_COORDINATOR_PORT: '1' }), { port: ['x'] })
  expect(errorOf(() => toCoordinatorOptions(settings))).toMatch(/^--port must be/)
})

function errorOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return error instanceof SettingError ? error.message : `not a SettingError: ${String(error)}`
  }
  throw new Error('it threw nothing')
}
