interface BenchPayload {
  readonly kind: 'shell'
  readonly command: string
  readonly args: string[]
}

/** The protocol allows a few more in one argument. */
const charsOfArg = 100_000

const withArgs = (args: string[]): BenchPayload => ({ kind: 'shell', command: 'echo', args })
const leastBytes = JSON.stringify(withArgs(['x'])).length
const bytesOfFurtherArg = JSON.stringify(withArgs(['x', 'x'])).length - leastBytes - 1

/** What all jobs carry, on both sides alike: as JSON exactly so many bytes. */
export function payloadOf(bytes: number): BenchPayload {
  if (bytes < leastBytes) throw new Error(`a payload has ${leastBytes} bytes at least, not ${bytes}`)
  const further = Math.floor((bytes - leastBytes) / (charsOfArg + bytesOfFurtherArg))
  const chars = bytes - leastBytes + 1 - further * (charsOfArg + bytesOfFurtherArg)
  return withArgs(['x'.repeat(chars), ...Array.from({ length: further }, () => 'x'.repeat(charsOfArg))])
}
