import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'

/*
 * What /proc tells of processes. Reads are synchronous: the kernel answers from memory in some microseconds, where a read by way of
 * the thread pool takes a hundred, and what forks is to be looked at faster than it forks. On systems without /proc nothing is found.
 */

/** A process for as long as it lives: a pid is used again, with another start time. */
export interface ProcessIdentity {
  readonly pid: number
  /** In clock ticks since the machine was started. */
  readonly startTicks: number
}

export interface ProcessStat extends ProcessIdentity {
  readonly command: string
  /** Whether it runs code: a zombie does not, unless threads of it go on. */
  readonly alive: boolean
  readonly ppid: number
  readonly group: number
  readonly session: number
  /** Processor time of its own, and of its children that have ended and were waited for. */
  readonly cpuMs: number
  readonly childrenCpuMs: number
  readonly memoryBytes: number
}

/** The variable by which the processes of an attempt are known. */
export const marker = 'SKYCLAW_ATTEMPT'

/** Linux tells processor time in hundredths of a second on every machine that Node runs on. */
const msPerTick = 10
const maxEnvironmentBytes = 4 * 1_048_576

/** A process; undefined when there is none. */
export function readStat(pid: number): ProcessStat | undefined {
  const text = readSmall(`/proc/${pid}/stat`)
  // The name, in parentheses, may hold anything.
  const nameEnd = text.lastIndexOf(')')
  if (nameEnd < 0) return undefined
  const field = text.slice(nameEnd + 2).split(' ')
  // Numbered as in proc(5), which counts from 1, with pid and name before.
  const number = (position: number) => Number(field[position - 3])
  const state = field[0]
  return {
    pid,
    command: text.slice(text.indexOf('(') + 1, nameEnd),
    alive: (state !== 'Z' && state !== 'X') || number(20) > 1,
    ppid: number(4),
    group: number(5),
    session: number(6),
    cpuMs: (number(14) + number(15)) * msPerTick,
    childrenCpuMs: (number(16) + number(17)) * msPerTick,
    startTicks: number(22),
    memoryBytes: number(24) * pageBytes(),
  }
}

/** The pids of all processes there are. */
export function listPids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

/** Whether there is a process or thread of that number. Much cheaper than to find out by reading that there is none. */
export function isThere(pid: number): boolean {
  return existsSync(`/proc/${pid}`)
}

/** The process that a number belongs to: threads have numbers too, and are shown under them, though not listed. NaN when there is none. */
export function processOf(pid: number): number {
  return Number(/^Tgid:\s*(\d+)$/m.exec(readSmall(`/proc/${pid}/status`))?.[1])
}

/** The children of a process, of all its threads. */
export function listChildren(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    return threads
      .flatMap((thread) => readSmall(`/proc/${pid}/task/${thread}/children`).split(' '))
      .filter((text) => text !== '')
      .map(Number)
  } catch {
    return []
  }
}

/** The pid given out last. */
export function newestPid(): number {
  return Number(readSmall('/proc/loadavg').trimEnd().split(' ').at(-1) ?? 0)
}

/** The marker in the environment of a process; undefined when it has none, null when it shows no environment at all. */
export function readMarker(pid: number): string | undefined | null {
  const file = `/proc/${pid}/environ`
  const beginning = readSmall(file)
  if (beginning === '') return null
  return markerIn(beginning) ?? (beginning.length < small.length ? undefined : markerIn(readWhole(file)))
}

function markerIn(environment: string): string | undefined {
  const entry = `\0${marker}=`
  const at = `\0${environment}`.indexOf(entry)
  return at < 0 ? undefined : environment.slice(at + entry.length - 1).split('\0', 1)[0]
}

/** The pipes that are a process's stdout and stderr, by names that no other open pipe of the machine has. */
export function readOutputs(pid: number): string[] {
  return [1, 2].flatMap((handle) => {
    try {
      const stats = statSync(`/proc/${pid}/fd/${handle}`)
      return stats.isFIFO() || stats.isSocket() ? [`${stats.dev} ${stats.ino}`] : []
    } catch {
      return []
    }
  })
}

/** How long the machine has been running, in the unit of `startTicks`. */
export function uptimeTicks(): number {
  return Math.floor((Number.parseFloat(readSmall('/proc/uptime')) * 1_000) / msPerTick)
}

/** What tells this run of the machine from others. */
export function bootId(): string {
  return readSmall('/proc/sys/kernel/random/boot_id').trim()
}

let knownPageBytes: number | undefined

function pageBytes(): number {
  knownPageBytes ??= Number(/^KernelPageSize: +(\d+) kB$/m.exec(readSmall('/proc/self/smaps'))?.[1] ?? 4) * 1_024
  return knownPageBytes
}

const small = Buffer.allocUnsafeSlow(16_384)

/** Whether there is any of this here. */
export const hasProc = process.platform === 'linux' && readStat(process.pid) !== undefined

/** The beginning of a file; nothing when it cannot be read. */
function readSmall(file: string): string {
  let handle: number | undefined
  try {
    handle = openSync(file, 'r')
    return small.toString('latin1', 0, readSync(handle, small, 0, small.length, 0))
  } catch {
    return ''
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}

function readWhole(file: string): string {
  try {
    return readFileSync(file, 'latin1').slice(0, maxEnvironmentBytes)
  } catch {
    return ''
  }
}
