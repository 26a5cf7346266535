import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { PolicyFileError } from './problems.ts'

/** Bytes of the largest policy file. */
const maxPolicyFileBytes = 262_144

/** The text of a policy file. Throws a `PolicyFileError` when it cannot be read, is too large, or is no UTF-8. */
export function readPolicyText(file: string): string {
  const bytes = readBytes(file)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new PolicyFileError([`the policy file ${file} must be UTF-8 text`])
  }
}

function readBytes(file: string): Buffer {
  const wrong = (what: string) => new PolicyFileError([`the policy file ${file} ${what}`])
  let fd: number
  try {
    // A named pipe would wait for somebody to write.
    fd = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw wrong(code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? String(error)})`)
  }
  try {
    if (!fstatSync(fd).isFile()) throw wrong('is not a file')
    const buffer = Buffer.alloc(maxPolicyFileBytes + 1)
    let length = 0
    for (;;) {
      const count = readSync(fd, buffer, length, buffer.length - length, null)
      if (count === 0) return buffer.subarray(0, length)
      length += count
      if (length > maxPolicyFileBytes) throw wrong(`must have at most ${maxPolicyFileBytes} bytes`)
    }
  } finally {
    closeSync(fd)
  }
}
