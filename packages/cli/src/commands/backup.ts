import type { Flags } from '../arguments/flag.ts'
import { jsonFlag } from '../arguments/flag.ts'
import { backupFile } from '../backup/backup-file.ts'
import { FileWriter } from '../backup/file-writer.ts'
import { formatName, formatVersion } from '../backup/format.ts'
import { interruptible } from '../interruptible.ts'
import { sayHowFar } from '../backup/progress.ts'
import { findSource, snapshotPages } from '../backup/snapshot-pages.ts'
import { type Context, defineCommand } from '../command.ts'
import { toClientOptions } from '../environment.ts'
import { exitCodes } from '../exit-codes.ts'
import { plainLine } from '../render/plain-text.ts'
import { clientSettings } from './client-settings.ts'

const backupFlags = {
  force: { type: 'boolean', description: 'Replace a file of that name' },
  json: { ...jsonFlag.json, description: 'Print what was written, as JSON' },
} as const satisfies Flags

export const backup = defineCommand({
  name: 'backup',
  summary: 'Write all that a coordinator knows to a file, secrets of jobs included',
  flags: backupFlags,
  settings: clientSettings,
  positionals: { file: 'The file to write; only you may read it' },
  follows: true,
  examples: ['backup skyclaw.backup', 'backup --force /mnt/backups/skyclaw.backup'],
  async run(context) {
    const file = backupFile(context)
    const writer = await FileWriter.open(file, context.values.has('force'))
    try {
      const note = 'interrupted: no backup was written'
      return await interruptible(context.io, note, (signal) => write(context, file, writer, signal))
    } finally {
      await writer.drop()
    }
  },
})

async function write(context: Context, file: string, writer: FileWriter, signal: AbortSignal): Promise<number> {
  const { io, values } = context
  const { coordinators, timeoutMs } = toClientOptions(context.settings)
  const source = await findSource(coordinators, context.clientOf, signal)
  const { nodeId } = source
  const takenAt = new Date(io.now()).toISOString()
  const say = sayHowFar(io, 'written')
  await writer.begin({ format: formatName, version: formatVersion, nodeId, takenAt })
  let records = 0
  for await (const page of snapshotPages(source, { timeoutMs, signal })) {
    await writer.add(page)
    records += page.length
    say(records)
  }
  const written = await writer.finish()
  const line = `${plainLine(file)}: ${records} records of ${plainLine(nodeId)}, ${written.bytes} bytes\n`
  io.stdout.write(values.has('json') ? `${JSON.stringify({ file, nodeId, takenAt, ...written }, null, 2)}\n` : line)
  return exitCodes.ok
}
