import { limits, type ShellPayload } from '@skyclaw/protocol'
import type { Flags } from '../arguments/flag.ts'
import { UsageError } from '../arguments/usage-error.ts'
import type { Context } from '../command.ts'
import { placeFromFlags } from './enqueue.ts'

export const stdinFlag = {
  stdin: { type: 'boolean', description: 'Read standard input now and give it to the command' },
} as const satisfies Flags

export const shellPositionals = {
  command: 'A command that some host allows',
  'args...': 'Everything that follows the command belongs to it, flags included',
} as const

/** The payload of `<command> [args…]`. Throws a UsageError. */
export async function shellPayload(context: Context): Promise<ShellPayload> {
  const { wrapped, values, io } = context
  const [command, ...args] = wrapped
  if (!command) throw new UsageError('the command is missing')
  return {
    kind: 'shell',
    command,
    ...(args.length > 0 && { args }),
    ...placeFromFlags(context),
    ...(values.has('stdin') && { stdin: await readText(io.stdin) }),
  }
}

async function readText(stdin: NodeJS.ReadableStream): Promise<string> {
  const tooMuch = new UsageError(`--stdin takes at most ${limits.stdinChars} characters`)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stdin) {
    const buffer = Buffer.from(chunk)
    bytes += buffer.length
    // No character takes fewer UTF-16 units than a quarter of its bytes.
    if (bytes > 4 * limits.stdinChars) throw tooMuch
    chunks.push(buffer)
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new UsageError('--stdin takes UTF-8 text only')
  }
  if (text.length > limits.stdinChars) throw tooMuch
  return text
}
