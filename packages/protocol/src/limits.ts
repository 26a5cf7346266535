/** Bounds of everything that travels. Sizes of strings are in UTF-16 units unless the name says bytes. */
export const limits = {
  idChars: 128,
  keyChars: 192,
  minReplications: 16,
  /** Coordinators that agree on one record: 2M - 1. */
  replicas: 31,
  /** Consensus messages of one request. */
  peerMessages: 1_000,
  /** Records that an answer to one question names. */
  toldRecords: 100,
  /** Coordinators of one network, dead ones included, that any of them remembers. */
  members: 1_024,
  /** Hosts that one exchange of gossip names. */
  gossipHosts: 20_000,
  nameChars: 128,
  capabilities: 64,
  capabilityChars: 64,
  labels: 64,
  labelChars: 256,
  commandChars: 4_096,
  args: 1_024,
  argChars: 131_072,
  envEntries: 256,
  /** Shorter secrets could not be told from other text where they are redacted. */
  secretChars: 4,
  /** All secret values of a job together, as JSON. */
  secretsBytes: 262_144,
  sealedChars: 400_000,
  envValueChars: 32_768,
  stdinChars: 524_288,
  messageChars: 262_144,
  reasonChars: 1_024,
  errorChars: 8_192,
  outputBytes: 1_048_576,
  /** Of one piece of a running job's output. */
  logChunkBytes: 65_536,
  /** What of one stream of output is kept at most, wherever it is kept. */
  logBytes: 64 * 1_048_576,
  /** Of the output in one answer to another coordinator. */
  logPageBytes: 524_288,
  priority: 1_000_000,
  attempts: 100,
  leaseLosses: 100,
  /** Tries of one job, of whatever outcome; the one after it fails the job. */
  attemptsTotal: 300,
  timeoutMs: 7 * 24 * 3_600_000,
  durationMs: 366 * 24 * 3_600_000,
  waitMs: 30_000,
  claimMax: 100,
  maxParallel: 1_024,
  /** Jobs that one idempotency key made besides the one that stands, as far as that notes them. */
  twins: 16,
  heartbeatJobs: 4_096,
  batchJobs: 1_000,
  /** Outcomes of attempts in one request. */
  completeReports: 100,
  pageDefault: 100,
  pageMax: 1_000,
  snapshotRecords: 1_000,
  idempotencyKeyChars: 256,
  /** Of a request that holds a few short fields. */
  smallBodyBytes: 16_384,
  bodyBytes: 2 * 1_048_576,
  largeBodyBytes: 16 * 1_048_576,
  /** A page of records ends early when its JSON grows past this. */
  pageBytes: 4 * 1_048_576,
} as const
