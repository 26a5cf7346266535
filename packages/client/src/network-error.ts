/** Error codes of an attempt that did not reach any server: nothing can have happened. */
const unsent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  // The certificate was refused, or the server does not speak TLS: both before anything is sent.
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_SSL_WRONG_VERSION_NUMBER',
])

/** What a transport's rejection means: a sentence, and whether the request may have arrived all the same. */
export function describeNetworkError(error: unknown): { message: string; mayHaveArrived: boolean } {
  const chain: NodeJS.ErrnoException[] = []
  for (let next: unknown = error; next instanceof Error && chain.length < 8; next = next.cause) chain.push(next)
  // A connection tried over several addresses fails with one error each.
  const inner = chain.flatMap((entry) => (entry instanceof AggregateError ? (entry.errors as typeof chain) : [entry]))
  const last = inner.at(-1)
  const message = last?.message || inner.findLast(({ code }) => code !== undefined)?.code || String(error)
  return { message: explain(message), mayHaveArrived: !inner.some(isUnsent) }
}

/** The fetch standard blocks the ports of some other protocols, and its error has no code. */
const blockedPort = 'bad port'

function isUnsent({ code, syscall, message }: NodeJS.ErrnoException): boolean {
  return syscall === 'connect' || (code !== undefined && unsent.has(code)) || message === blockedPort
}

function explain(message: string): string {
  if (message !== blockedPort) return message
  return 'bad port: fetch refuses this port. Use another one, or the transport of @skyclaw/client/undici'
}
