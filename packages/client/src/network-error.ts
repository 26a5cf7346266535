/** Error codes of an attempt that did not reach any server: nothing can have happened. */
const unsent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** What a transport's rejection means: a sentence, and whether the request may have arrived all the same. */
export function describeNetworkError(error: unknown): { message: string; mayHaveArrived: boolean } {
  const chain: Error[] = []
  for (let next: unknown = error; next instanceof Error && chain.length < 8; next = next.cause) chain.push(next)
  // A connection tried over several addresses fails with one error each.
  const inner = chain.flatMap((entry) => (entry instanceof AggregateError ? (entry.errors as Error[]) : [entry]))
  const codes = inner.map((entry) => (entry as NodeJS.ErrnoException).code).filter((code) => typeof code === 'string')
  const last = inner.at(-1)
  const message = last?.message || codes.at(-1) || String(error)
  return { message, mayHaveArrived: !codes.some((code) => unsent.has(code)) }
}
