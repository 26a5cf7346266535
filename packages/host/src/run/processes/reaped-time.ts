import { hasProc, readStat } from './proc.ts'

/*
 * What a child used is told exactly only when it has ended, in what the kernel adds to the time of this process's children.
 * Node does not tell it by child; it can be told when one child alone ended.
 */

let knownMs = 0
let waiting: ((ms: number | undefined) => void)[] = []

/** Notes the time of all children that ended until now. */
export function noteReaped(): void {
  if (waiting.length === 0) knownMs = readReaped()
}

/** Called at the exit of a child: the processor time of it and what it waited for; undefined when several ended together. */
export function reapedCpuMs(): Promise<number | undefined> {
  if (!hasProc) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    waiting.push(resolve)
    if (waiting.length > 1) return
    setImmediate(() => {
      const all = waiting
      waiting = []
      const before = knownMs
      knownMs = readReaped()
      for (const tell of all) tell(all.length === 1 ? knownMs - before : undefined)
    })
  })
}

function readReaped(): number {
  return (hasProc && readStat(process.pid)?.childrenCpuMs) || 0
}
