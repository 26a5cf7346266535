import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { median } from '../statistics.ts'

/** Where something was measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
  /** Of the folder that all sides keep their data in. */
  readonly filesystem: string
  /** Milliseconds that writing 4 KB and an fsync take there, as a median. */
  readonly fsyncMs: number
}

const fsyncs = 200

/** Describes this machine, with `folder` as one where data may be written. */
export function describeMachine(folder: string): Machine {
  const all = cpus()
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    node: process.version,
    filesystem: filesystemOf(folder, readMounts()),
    fsyncMs: measureFsync(folder),
  }
}

/** The type of the file system that has a folder, from the text of /proc/self/mounts. */
export function filesystemOf(folder: string, mounts: string): string {
  const found = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, at = '']) => at === '/' || folder === at || folder.startsWith(`${at}/`))
    .toSorted(([, a = ''], [, b = '']) => b.length - a.length)
  return found[0]?.[2] ?? 'unknown'
}

function readMounts(): string {
  try {
    return readFileSync('/proc/self/mounts', 'utf8')
  } catch {
    return ''
  }
}

function measureFsync(folder: string): number {
  const file = openSync(join(folder, 'fsync'), 'w')
  const block = Buffer.alloc(4_096, 1)
  const times = Array.from({ length: fsyncs }, () => {
    const startedAt = performance.now()
    writeSync(file, block)
    fsyncSync(file)
    return performance.now() - startedAt
  })
  closeSync(file)
  return median(times)
}
