import type { Environment } from './environment.ts'

/** What one job may use. What is not set has no limit. */
export interface JobLimits {
  /** Milliseconds one attempt may take at most, whatever the job asks for. */
  readonly timeoutMs?: number
  /** Bytes of memory of all its processes together. */
  readonly memoryBytes?: number
  /** Milliseconds of processor time of all its processes together. */
  readonly cpuMs?: number
  /** Files that each of its processes may have open. */
  readonly openFiles?: number
  /** Processes at once. */
  readonly processes?: number
  /** Bytes it may write to stdout and stderr together; beyond that it is ended. */
  readonly outputBytes?: number
}

/** A file that was looked at, and is executed as it was then, whatever its path leads to by now. */
export interface OpenExecutable {
  /** Its absolute path: what the program takes for its own name. */
  readonly path: string
  /** What is executed: the path, or the open file by way of /proc. */
  readonly exec: string
  /** The number of the open file in this process; none where it goes by path alone. */
  readonly fd?: number
  /**
   * Asked right after the start: whether what was started is the file that was allowed. When not, something was put into its
   * place or written into it at that very moment, and the process is ended at once.
   */
  stillThere?(): boolean
  /** It is a script: a moment after the start its interpreter opens it by its path, so that it is asked again then. */
  readonly opensAgain?: boolean
  close(): void
}

/** A working directory that was looked at, and is entered as it was then. */
export interface OpenFolder {
  /** Its absolute path, without symlinks. */
  readonly path: string
  /** What is entered: the path, or the open folder by way of /proc. */
  readonly enter: string
  /** The number of the open folder in this process; none where it goes by path alone. */
  readonly fd?: number
  close(): void
}

/** One process to be started; all that was to be decided is decided. */
export interface Launch {
  /** What the kernel executes. */
  readonly file: string
  /** What the program takes for its own name; `file` when not set. */
  readonly argv0?: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Environment
  /** What it has open beside its standard streams, from 3 on: open files of this process by number, or bytes to be read. */
  readonly files?: readonly (number | Uint8Array)[]
}

/** A job's command before the sandbox is around it. */
export interface Command {
  readonly executable: OpenExecutable
  readonly folder: OpenFolder
  readonly args: readonly string[]
  readonly env: Environment
  readonly limits: JobLimits
  /** Which attempt it is, as part of a name: letters, digits and dashes, unique on this machine. */
  readonly tag: string
}

/** A launch within a sandbox. */
export interface Contained {
  readonly launch: Launch
  /** Whether its processes show in /proc of this machine, below the launched one; else `signal` and `end` reach them. */
  readonly visible: boolean
  /** Whether the end of the launched process, by SIGKILL too, is the end of all in it. */
  readonly endsTogether: boolean
  /** Sends a signal to what runs inside, where signals to the launched process do not reach it. */
  signal?(signal: NodeJS.Signals): Promise<void>
  /** Ends what is inside for sure, after the launched process has ended, or when it was not started at all. Never rejects. */
  end?(): Promise<void>
  /**
   * Asked after `end`: a sentence when the sandbox itself could not start, so that nothing of the job ran. Then its attempt is
   * refused.
   */
  trouble?(end: { readonly exitCode: number; readonly stderr: string }): string | undefined
}

export interface Sandbox {
  readonly kind: 'none' | 'bubblewrap' | 'docker' | 'podman'
  /** Puts a command into it; or says, as a sentence, why that cannot be: then the job is refused, and never runs bare. */
  contain(command: Command): Promise<Contained | { reason: string }>
  /** Tries whether it can start, now: a sentence when it cannot. Never rejects. */
  check?(): Promise<string | undefined>
  /** Ends what a daemon that crashed left running under a tag. Never rejects. */
  endLeftover?(tag: string): Promise<void>
}
