import { limits } from '@skyclaw/protocol'
import { id, integer, list, matching, oneOf, onOff, token, url } from './checks.ts'
import { hostVariables } from './host-variables.ts'
import { type Role, type Variable, variable } from './variable.ts'

const everyone = ['coordinator', 'host', 'client'] as const
const talkers = ['host', 'client'] as const
const dayMs = 86_400_000
const maxUrls = 64
const path = matching(/^[^\0]{1,4096}$/, 'a path')

/** Every variable of this version, in the order in which documents list them. */
export const variables = {
  token: variable({
    name: 'SKYCLAW_TOKEN',
    flag: 'token',
    roles: everyone,
    check: token,
    secret: true,
    description: 'The secret that coordinators, hosts and clients share. Needed unless the coordinator is on loopback.',
  }),
  coordinatorUrl: variable({
    name: 'SKYCLAW_COORDINATOR_URL',
    flag: 'url',
    roles: talkers,
    check: list(url, maxUrls, 1),
    repeatable: true,
    defaultText: 'http://127.0.0.1:8787',
    description: 'The coordinator to talk to.',
  }),
  coordinatorUrls: variable({
    name: 'SKYCLAW_COORDINATOR_URLS',
    flag: 'urls',
    roles: talkers,
    check: list(url, maxUrls, 1),
    repeatable: true,
    description: 'More coordinators, separated by commas, tried in turn.',
  }),
  learnCoordinators: variable({
    name: 'SKYCLAW_LEARN_COORDINATORS',
    flag: 'learn-coordinators',
    roles: talkers,
    check: onOff,
    defaultText: '1',
    description: 'Whether to go on at other coordinators that the network names, which are sent the token too, 0 or 1.',
  }),
  requestTimeoutMs: variable({
    name: 'SKYCLAW_REQUEST_TIMEOUT_MS',
    flag: 'request-timeout-ms',
    roles: ['client'],
    check: integer(100, 600_000),
    unit: 'ms',
    defaultText: '10000',
    description: 'How long a request may take, failover included.',
  }),
  nodeId: variable({
    name: 'SKYCLAW_COORDINATOR_NODE_ID',
    flag: 'node-id',
    roles: ['coordinator'],
    check: id,
    defaultText: '(the host name)',
    description: 'The name of this coordinator.',
  }),
  port: variable({
    name: 'SKYCLAW_COORDINATOR_PORT',
    flag: 'port',
    roles: ['coordinator'],
    check: integer(0, 65_535),
    defaultText: '8787',
    description: 'The TCP port; 0 takes a free one.',
  }),
  listenHost: variable({
    name: 'SKYCLAW_COORDINATOR_HOST',
    flag: 'host',
    roles: ['coordinator'],
    check: matching(/^[A-Za-z0-9.:_%-]{1,255}$/, 'an address or host name'),
    defaultText: '(0.0.0.0 with a token, 127.0.0.1 without)',
    description: 'The address to listen on.',
  }),
  publicUrl: variable({
    name: 'SKYCLAW_COORDINATOR_PUBLIC_URL',
    flag: 'public-url',
    roles: ['coordinator'],
    check: url,
    defaultText: '(the address it listens on, or the first LAN address)',
    description: 'The URL under which the other coordinators reach this one.',
  }),
  peerUrls: variable({
    name: 'SKYCLAW_PEER_URLS',
    flag: 'peer-urls',
    roles: ['coordinator'],
    check: list(url, maxUrls),
    description: 'Coordinators to join the network through: any one that answers is enough.',
  }),
  peerDiscovery: variable({
    name: 'SKYCLAW_PEER_DISCOVERY',
    flag: 'peer-discovery',
    roles: ['coordinator'],
    check: onOff,
    defaultText: '1',
    description: 'Whether coordinators beside those of SKYCLAW_PEER_URLS become members, 0 or 1.',
  }),
  minReplications: variable({
    name: 'SKYCLAW_MIN_REPLICATIONS',
    flag: 'min-replications',
    roles: ['coordinator'],
    check: integer(1, 16),
    defaultText: '2',
    description: 'Coordinators that hold a change before it is acknowledged. Unless set, one while it stands alone.',
  }),
  repairAfterMs: variable({
    name: 'SKYCLAW_REPAIR_AFTER_MS',
    flag: 'repair-after-ms',
    roles: ['coordinator'],
    check: integer(100, 366 * dayMs),
    unit: 'ms',
    defaultText: '600000',
    description: 'After a coordinator was dead for so long, others keep its records in its place.',
  }),
  dbPath: variable({
    name: 'SKYCLAW_DB_PATH',
    flag: 'db-path',
    roles: ['coordinator'],
    check: path,
    defaultText: '.skyclaw/coordinator.db',
    description: 'The data file.',
  }),
  leaseMs: variable({
    name: 'SKYCLAW_LEASE_MS',
    flag: 'lease-ms',
    roles: ['coordinator'],
    check: integer(500, dayMs),
    unit: 'ms',
    defaultText: '20000',
    description: 'A host silent for longer is lost, and its jobs go to others.',
  }),
  idempotencyTtlMs: variable({
    name: 'SKYCLAW_IDEMPOTENCY_TTL_MS',
    flag: 'idempotency-ttl-ms',
    roles: ['coordinator'],
    check: integer(1_000, 366 * dayMs),
    unit: 'ms',
    defaultText: '86400000',
    description: 'How long an idempotency key is remembered, at least.',
  }),
  ...hostVariables,
  maxLogBytes: variable({
    name: 'SKYCLAW_MAX_LOG_BYTES',
    flag: 'max-log-bytes',
    roles: ['coordinator', 'host'],
    check: integer(4_096, limits.logBytes),
    unit: 'bytes',
    defaultText: '4194304',
    description: "Kept of the log of an attempt's stdout, and as much of its stderr: the head and the tail.",
  }),
  maxLogsBytes: variable({
    name: 'SKYCLAW_MAX_LOGS_BYTES',
    flag: 'max-logs-bytes',
    roles: ['coordinator'],
    check: integer(1_048_576, Number.MAX_SAFE_INTEGER),
    unit: 'bytes',
    defaultText: '1073741824',
    description: 'Disk that all logs together may take; the oldest go first.',
  }),
  logLevel: variable({
    name: 'SKYCLAW_LOG_LEVEL',
    flag: 'log-level',
    roles: ['coordinator', 'host'],
    check: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    defaultText: 'info',
    description: 'What the daemons log.',
  }),
} as const satisfies Record<string, Variable<unknown>>

export type Variables = typeof variables
export type VariableKey = keyof Variables
export type ValueOf<K extends VariableKey> = ReturnType<Variables[K]['check']>

/** The settings of a role, in the order of the table. */
export function keysOf(role: Role): VariableKey[] {
  return (Object.keys(variables) as VariableKey[]).filter((key) => variables[key].roles.includes(role))
}
