import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'

/** In the flags of an open file: not passed on to what is executed. Octal, and the same on all that Node runs on. */
const closeOnExec = 0o2000000

/**
 * Folders that this process was started with open. They are open in what it starts, too, and from an open folder a job reaches
 * all that is around it, whatever it is shown. What this process opens itself is not passed on.
 */
export function inheritedFolders(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => (Number(fd) > 2 ? folderOf(fd) : []))
}

function folderOf(fd: string): string[] {
  try {
    const flags = Number.parseInt(
      /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '',
      8,
    )
    if ((flags & closeOnExec) !== 0 || !statSync(`/proc/self/fd/${fd}`).isDirectory()) return []
    return [`${readlinkSync(`/proc/self/fd/${fd}`)} (${fd})`]
  } catch {
    // It was open for the listing alone.
    return []
  }
}
