import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Writes a file that is there either wholly or not at all, whenever the power fails. Its folder is to be flushed afterwards. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.tmp`
  const handle = await open(draft, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, path)
}

/** Makes what is in a folder last, and the folder itself, up to `root`. */
export async function flushFolders(path: string, root: string): Promise<void> {
  // Windows cannot open folders, and keeps them by itself.
  if (process.platform === 'win32') return
  for (let folder = path; ; folder = dirname(folder)) {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (folder === root || folder === dirname(folder)) return
  }
}
