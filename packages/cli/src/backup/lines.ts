import type { FileHandle } from 'node:fs/promises'
import { maxLineBytes } from './format.ts'

const chunkBytes = 1_048_576

export interface Line {
  /** From 1. */
  readonly number: number
  /** The line feed included, when it has one: only the last line of a file can lack it. */
  readonly bytes: Buffer
  /** Whether it is longer than a line may be; then the bytes are its beginning, and no line follows. */
  readonly tooLong: boolean
}

/** The lines of a file from its beginning, holding no more of it in memory than one line and one chunk. */
export async function* readLines(handle: FileHandle): AsyncGenerator<Line> {
  let rest: Buffer[] = []
  let restBytes = 0
  let number = 0
  let position = 0
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position)
    if (bytesRead === 0) break
    position += bytesRead
    const chunk = buffer.subarray(0, bytesRead)
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      number += 1
      const bytes = Buffer.concat([...rest, chunk.subarray(from, end + 1)])
      yield { number, bytes, tooLong: bytes.length > maxLineBytes }
      rest = []
      restBytes = 0
      from = end + 1
    }
    if (from === chunk.length) continue
    rest.push(chunk.subarray(from))
    restBytes += chunk.length - from
    if (restBytes > maxLineBytes) break
  }
  if (restBytes > 0) yield { number: number + 1, bytes: Buffer.concat(rest), tooLong: restBytes > maxLineBytes }
}
