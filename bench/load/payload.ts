interface BenchPayload {
  readonly kind: 'shell'
  readonly command: string
  readonly args: string[]
}

const withFiller = (chars: number): BenchPayload => ({ kind: 'shell', command: 'echo', args: ['x'.repeat(chars)] })
const leastBytes = JSON.stringify(withFiller(1)).length

/** What all jobs carry, on both sides alike: as JSON exactly so many bytes. */
export function payloadOf(bytes: number): BenchPayload {
  if (bytes < leastBytes) throw new Error(`a payload has ${leastBytes} bytes at least, not ${bytes}`)
  return withFiller(bytes - leastBytes + 1)
}
