import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { uuidv7 } from 'uuidv7'
import { writeDurably } from './durable-file.ts'
import { hasCode, HostError } from './errors.ts'
import { isId } from './options.ts'

/** The host's id: the configured one, else the one kept in the folder, else a new one, kept from now on. */
export async function readIdentity(dir: string, configured: string | undefined): Promise<string> {
  const file = path.join(dir, 'id')
  const kept = await readKept(file)
  if (configured === undefined && kept !== undefined) {
    if (isId(kept)) return kept
    throw new HostError('folder_unusable', `${file} does not hold a host id. Delete it to make this a new host`)
  }
  const id = configured ?? uuidv7()
  if (id !== kept) await writeDurably(file, `${id}\n`)
  return id
}

async function readKept(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}
