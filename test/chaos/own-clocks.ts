import { existsSync, globSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const file = 'clock'

/** Where libfaketime is, which has a program see another time than there is; not everywhere. */
function findLibrary(): string | undefined {
  const patterns = ['/usr/lib/*/faketime/libfaketimeMT.so.1', '/usr/lib*/faketime/libfaketimeMT.so.1']
  return globSync(patterns).find((path) => existsSync(path))
}

/** Lets each coordinator have a wall clock of its own, in a file in its folder. What counts milliseconds goes on evenly. */
export class OwnClocks {
  /** What coordinators are started with. */
  readonly env: Readonly<Record<string, string>>

  private constructor(library: string) {
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_CACHE_DURATION: '1',
      NO_FAKE_STAT: '1',
    }
  }

  static find(): OwnClocks | undefined {
    const library = findLibrary()
    return library === undefined ? undefined : new OwnClocks(library)
  }

  /** Has the clock of the coordinator that runs in this folder go ahead by so many seconds, or behind; within a second or two. */
  set(folder: string, aheadS: number): void {
    const path = join(folder, file)
    writeFileSync(`${path}.new`, `${aheadS < 0 ? '' : '+'}${aheadS}\n`)
    renameSync(`${path}.new`, path)
  }
}
