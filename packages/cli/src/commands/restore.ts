import { type FileHandle, open } from 'node:fs/promises'
import { jsonFlag } from '../arguments/flag.ts'
import { backupFile } from '../backup/backup-file.ts'
import { BackupError, type Header } from '../backup/format.ts'
import { interruptible } from '../interruptible.ts'
import { sayHowFar } from '../backup/progress.ts'
import { type Restored, restorePages } from '../backup/restore-pages.ts'
import { type Context, defineCommand } from '../command.ts'
import { toClientOptions } from '../environment.ts'
import { exitCodes } from '../exit-codes.ts'
import { plainLine } from '../render/plain-text.ts'
import { clientSettings } from './client-settings.ts'

export const restore = defineCommand({
  name: 'restore',
  summary: 'Give the records of a backup to the network; what it knows newer stays. Safe to repeat',
  flags: { json: { ...jsonFlag.json, description: 'Print what was restored, as JSON' } },
  settings: clientSettings,
  positionals: { file: 'A file that backup wrote' },
  follows: true,
  examples: ['restore skyclaw.backup'],
  async run(context) {
    const file = backupFile(context)
    const handle = await open(file).catch((error: Error) => {
      throw new BackupError(`${file} cannot be read: ${error.message}`)
    })
    try {
      const note = 'interrupted: what was restored so far stays, and the rest can follow'
      return await interruptible(context.io, note, (signal) => restoreFrom(context, file, handle, signal))
    } finally {
      await handle.close()
    }
  },
})

async function restoreFrom(context: Context, file: string, handle: FileHandle, signal: AbortSignal): Promise<number> {
  const { io, values, client, settings } = context
  // Loaded when needed: it takes a while to compile the schemas of records.
  const { readBackup } = await import('../backup/read-backup.ts')
  let header: Header | undefined
  // To its end, before anything of it is sent.
  for await (const _ of readBackup(handle, file, (found) => (header = found))) signal.throwIfAborted()
  if (!header) throw new BackupError(`${file} has no header`)
  const { nodeId, takenAt } = header
  // Says sooner that nobody is there, or that the token is wrong.
  await client().peers({ signal })
  const say = sayHowFar(io, 'restored')
  const result = await restorePages(
    client(),
    readBackup(handle, file, () => {}),
    {
      file,
      nodeId,
      timeoutMs: toClientOptions(settings).timeoutMs,
      signal,
      restored: ({ records }) => say(records),
    },
  )
  const json = `${JSON.stringify({ file, nodeId, takenAt, ...result }, null, 2)}\n`
  io.stdout.write(values.has('json') ? json : `${describe(file, header, result)}\n`)
  return exitCodes.ok
}

function describe(file: string, { nodeId, takenAt }: Header, { records, changed, adopted }: Restored): string {
  const taken = adopted === 0 ? '' : `, ${adopted} taken over by the coordinators that live now`
  return plainLine(`${file} (${nodeId}, ${takenAt}): ${records} records read, ${changed} were news${taken}`)
}
