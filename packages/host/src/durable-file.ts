import { open, rename, rm } from 'node:fs/promises'
import path from 'node:path'

/**
 * Writes a file so that after a crash at any moment it is there whole or not at all: a temporary file is written and
 * synced, renamed, and the folder is synced.
 */
export async function writeDurably(file: string, text: string): Promise<void> {
  const temporary = `${file}${temporarySuffix}`
  try {
    const handle = await open(temporary, 'w', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    // On a full disk the torn file would only take what room is left.
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
  await syncFolder(path.dirname(file))
}

export const temporarySuffix = '.tmp'

/** Makes names in a folder durable. Windows cannot open folders, and needs no such thing. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
