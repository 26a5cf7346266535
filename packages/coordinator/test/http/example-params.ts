/** Something valid for each parameter that a path of the protocol can have. */
export const exampleParams = { id: 'somebody', attempt: '1', stream: 'stdout' } as const

/** A path with an id in it, whatever that is, and what is valid for the rest. */
export function withId(path: string, id: string): string {
  const { attempt, stream } = exampleParams
  return path
    .replace(':attempt', attempt)
    .replace(':stream', stream)
    .replace(':id', () => id)
}
