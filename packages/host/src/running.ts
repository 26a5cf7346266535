import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { temporarySuffix, writeDurably } from './durable-file.ts'
import type { Sandbox } from './run/launch.ts'
import { bootId, type ProcessIdentity } from './run/processes/proc.ts'

/** An attempt that runs: what the next start needs in order to find what a host that was killed left of it. */
export interface RunningEntry {
  readonly jobId: string
  readonly attempt: number
  /** By which its processes are marked. */
  readonly tag: string
  readonly sandbox: Sandbox['kind']
  /** The run of the machine in which it was started; in another one nothing of it is left. */
  readonly bootId: string
  /** The launched process, once there is one. */
  readonly process?: ProcessIdentity
}

/** What runs, one file for each attempt in `<dir>/running`. None of its functions rejects for an attempt that it does not know. */
export interface RunningJournal {
  /** Notes an attempt before it is started. Durable when it resolves. */
  begin(attempt: Omit<RunningEntry, 'bootId' | 'process'>): Promise<void>
  /** Notes its process. That need not outlive the machine's own end. */
  started(tag: string, identity: ProcessIdentity): void
  /** The attempt is over, and what became of it is in safe hands. */
  end(tag: string): Promise<void>
}

/** Opens the journal and reads what an earlier run left. `unreadable` files have been removed. */
export async function openJournal(
  dir: string,
  onError: (error: unknown) => void,
): Promise<{ journal: RunningJournal; leftovers: RunningEntry[]; unreadable: string[] }> {
  const folder = path.join(dir, 'running')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const leftovers: RunningEntry[] = []
  const unreadable: string[] = []
  for (const name of (await readdir(folder)).toSorted()) {
    const file = path.join(folder, name)
    const entry = name.endsWith(temporarySuffix) ? undefined : parse(await readFile(file, 'utf8'))
    if (entry && fileName(entry.tag) === name) leftovers.push(entry)
    else {
      if (!name.endsWith(temporarySuffix)) unreadable.push(name)
      await rm(file, { force: true })
    }
  }
  return { journal: journalIn(folder, onError), leftovers, unreadable }
}

function journalIn(folder: string, onError: (error: unknown) => void): RunningJournal {
  const entries = new Map<string, RunningEntry>()
  const writes = new Map<string, Promise<void>>()
  const fileOf = (tag: string) => path.join(folder, fileName(tag))

  async function replace(entry: RunningEntry): Promise<void> {
    const temporary = `${fileOf(entry.tag)}${temporarySuffix}`
    try {
      await writeFile(temporary, JSON.stringify(entry), { mode: 0o600 })
      await rename(temporary, fileOf(entry.tag))
    } catch (error) {
      // On a full disk the torn file would only take what room is left.
      await rm(temporary, { force: true }).catch(() => {})
      throw error
    }
  }

  return {
    async begin(attempt) {
      const entry = { ...attempt, bootId: bootId() }
      entries.set(entry.tag, entry)
      await writeDurably(fileOf(entry.tag), JSON.stringify(entry))
    },
    started(tag, identity) {
      const entry = entries.get(tag)
      if (entry) writes.set(tag, replace({ ...entry, process: identity }).catch(onError))
    },
    async end(tag) {
      await writes.get(tag)
      writes.delete(tag)
      entries.delete(tag)
      await rm(fileOf(tag), { force: true })
    },
  }
}

function fileName(tag: string): string {
  return `${tag}.json`
}

const kinds: readonly Sandbox['kind'][] = ['none', 'bubblewrap', 'docker', 'podman']

function parse(text: string): RunningEntry | undefined {
  try {
    const value = JSON.parse(text) as Partial<RunningEntry>
    const { jobId, attempt, tag, sandbox, process } = value
    const known = typeof jobId === 'string' && typeof attempt === 'number' && typeof value.bootId === 'string'
    const named = typeof tag === 'string' && /^[a-z0-9-]{1,64}$/.test(tag)
    if (!known || !named || sandbox === undefined || !kinds.includes(sandbox)) return undefined
    const isWhole = Number.isSafeInteger(process?.pid) && Number.isSafeInteger(process?.startTicks)
    const entry = { jobId, attempt, tag, sandbox, bootId: value.bootId ?? '' }
    return process && isWhole && process.pid > 1 ? { ...entry, process } : entry
  } catch {
    return undefined
  }
}
