import type { ChildProcess } from 'node:child_process'
import { closeSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { execa, type Options } from 'execa'
import { openPipe } from './job-pipes.ts'
import type { Launch } from './launch.ts'
import { type ProcessIdentity, readOutputs, readStat } from './processes/proc.ts'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Started {
  readonly child: ChildProcess
  readonly identity: ProcessIdentity
  readonly exited: Promise<Exit>
  readonly stdout: Readable | null
  readonly stderr: Readable | null
  /** The pipes that it writes to. They can be told from others until `release`. */
  readonly outputs: readonly string[]
  release(): void
}

/** Starts a process: an argument list, no shell, a process group and session of its own. `dir` is the host's folder. */
export async function startProcess(launch: Launch, dir: string, stdin?: string): Promise<Started | CannotStart> {
  const pipes = [await openPipe(dir), await openPipe(dir)]
  const [stdout, stderr] = pipes
  const release = () => {
    for (const pipe of pipes) pipe?.release()
  }
  const letGo = () => {
    for (const pipe of pipes) pipe?.reader.destroy()
    release()
  }
  const options = {
    cwd: launch.cwd,
    env: launch.env,
    extendEnv: false,
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    encoding: 'buffer',
    windowsHide: true,
    ...(launch.argv0 !== undefined && { argv0: launch.argv0 }),
    // The types know numbers of open files neither here nor beyond 9; they are taken all the same.
    stdio: [
      stdin === undefined ? 'ignore' : 'pipe',
      (stdout?.writeEnd ?? 'pipe') as 'pipe',
      (stderr?.writeEnd ?? 'pipe') as 'pipe',
      ...((launch.files ?? []) as Uint8Array[]),
    ],
    ...(stdin !== undefined && { input: stdin }),
  } satisfies Options
  try {
    const subprocess = execa(launch.file, [...launch.args], options)
    const { pid } = subprocess
    if (pid === undefined) {
      letGo()
      return cannotStart(launch, await subprocess)
    }
    const child: ChildProcess = subprocess.nodeChildProcess
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    // It is there until this process waited for it, however short it lives.
    return {
      ...{ child, exited, identity: { pid, startTicks: readStat(pid)?.startTicks ?? 0 }, outputs: readOutputs(pid) },
      stdout: stdout?.reader ?? child.stdout,
      stderr: stderr?.reader ?? child.stderr,
      release,
    }
  } catch (error) {
    // A NUL in an argument, for one: execa throws before it starts anything.
    letGo()
    return cannotStart(launch, error)
  } finally {
    // The process has them, and their end is to be that of its writers alone.
    for (const pipe of pipes) if (pipe) closeSync(pipe.writeEnd)
  }
}

export interface CannotStart {
  /** 126, or 127 when the file is not there. */
  readonly exitCode: 126 | 127
  readonly reason: string
}

function cannotStart({ file, argv0 = file }: Launch, failure: unknown): CannotStart {
  const { code, originalMessage, message } = failure as { code?: string; originalMessage?: string; message?: string }
  const detail = (originalMessage ?? message ?? 'unknown').replaceAll(file, argv0)
  const reason = code === 'E2BIG' ? 'its arguments and environment are too large (E2BIG)' : detail
  return { exitCode: code === 'ENOENT' ? 127 : 126, reason: `${argv0} could not be started: ${reason}` }
}
