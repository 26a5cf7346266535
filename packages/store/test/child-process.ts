import { type ChildProcess, spawn } from 'node:child_process'
import { onTestFinished } from 'vitest'

export interface Child {
  readonly pid: number
  /** Resolves when the child has printed this; rejects when it ends without. */
  said(text: string): Promise<void>
  kill(): Promise<Ended>
  readonly ended: Promise<Ended>
}

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
}

const store = new URL('../src/index.ts', import.meta.url).href

/** Runs a module that has the store's exports in scope as `store`, in a process of its own, by way of a shell line if given. */
export function startChild(code: string, shell = 'exec "$@"'): Child {
  const program = `import * as store from '${store}'\n${code}`
  const node = [process.execPath, '--conditions=@skyclaw/source', '--input-type=module', '-e', program]
  const child = spawn('bash', ['-c', shell, 'bash', ...node], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return watch(child)
}

function watch(child: ChildProcess): Child {
  let output = ''
  const listeners = new Set<() => void>()
  const collect = (chunk: Buffer) => {
    output += chunk.toString()
    for (const listener of listeners) listener()
  }
  child.stdout!.on('data', collect)
  child.stderr!.on('data', collect)
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, output }))
  })
  const said = async (text: string) => {
    const heard = new Promise<boolean>((resolve) => {
      const listener = () => output.includes(text) && resolve(true)
      listeners.add(listener)
      listener()
    })
    if (await Promise.race([heard, ended.then(() => output.includes(text))])) return
    throw new Error(`the child ended without saying ${text}: ${output}`)
  }
  const kill = () => {
    child.kill('SIGKILL')
    return ended
  }
  return { pid: child.pid!, said, kill, ended }
}
