import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'
import { listChildren } from './proc.ts'

/** Rounds in which children are looked for that were forked before their parent had its limit. */
const maxRounds = 5
const timeoutMs = 5_000

/** The command that sets limits of a running process; undefined when this machine has none. */
export function findPrlimit(): string | undefined {
  return ['/usr/bin/prlimit', '/bin/prlimit', '/usr/local/bin/prlimit'].find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Bounds the open files of a process and of what it starts. A sentence when that was not possible. */
export async function limitOpenFiles(prlimit: string, root: number, openFiles: number): Promise<string | undefined> {
  const done = new Set<number>()
  for (let round = 0; round < maxRounds; round++) {
    const todo = tree(root).filter((pid) => !done.has(pid))
    if (todo.length === 0) return undefined
    for (const pid of todo) {
      done.add(pid)
      const args = ['--pid', String(pid), `--nofile=${openFiles}:${openFiles}`]
      const { failed, stderr } = await execa(prlimit, args, { reject: false, stdin: 'ignore', timeout: timeoutMs })
      if (failed && isThere(pid)) {
        return `ended because ${path.basename(prlimit)} could not limit its open files: ${stderr.trim()}`
      }
    }
  }
  return undefined
}

function tree(pid: number): number[] {
  return [pid, ...listChildren(pid).flatMap(tree)]
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
