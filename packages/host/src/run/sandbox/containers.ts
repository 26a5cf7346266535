import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { findOnPath } from '../find-command.ts'
import type { Command, Contained, Sandbox } from '../launch.ts'
import { type ContainerKind, type ContainerSettings, runArgs } from './container-args.ts'
import { clientEnvironment, passVariables } from './container-variables.ts'
import type { SandboxSettings } from './create-sandbox.ts'
import { unfitFolder } from './shown-paths.ts'

/*
 * docker and podman, by their command line. The launched process is their client: what runs inside is not a child of it, so that
 * signals and the end go by the client as well, by the container's name. The command is looked up in the image.
 */

/** Milliseconds for a trial, which starts a container. */
const trialMs = 30_000
/** Milliseconds for one call of the client. */
const callMs = 10_000
/** How often it is tried to remove a container, with this pause in milliseconds. */
const maxRemovals = 3
const removalPauseMs = 500

/** Makes one; a sentence when the settings name no image. */
export function containers(settings: SandboxSettings, kind: ContainerKind): Sandbox | { reason: string } {
  const { image } = settings
  if (image !== undefined) return new Containers({ ...settings, image, kind })
  return { reason: `the sandbox ${kind} needs an image: set SKYCLAW_SANDBOX_IMAGE (option sandboxImage)` }
}

class Containers implements Sandbox {
  readonly kind: ContainerKind
  readonly #settings: ContainerSettings
  readonly #missing: string

  constructor(settings: ContainerSettings) {
    this.kind = settings.kind
    this.#settings = settings
    this.#missing = `${this.kind} cannot start: ${this.kind} was not found on the PATH of the host`
  }

  async contain({ folder, executable, args, env, limits, tag }: Command): Promise<Contained | { reason: string }> {
    const { environment, image, dir, log } = this.#settings
    const file = this.#find()
    if (file === undefined) return { reason: this.#missing }
    const unfit = unfitFolder(folder.path, dir)
    if (unfit !== undefined) return { reason: unfit }
    const variables = passVariables(this.kind, env, environment)
    if ('reason' in variables) return variables
    const name = nameOf(tag)
    const own = runArgs(this.#settings, { name, folder: folder.path, limits, variables: variables.names })
    if ('reason' in own) return own
    return {
      launch: {
        file,
        args: [...own.args, '--entrypoint', executable.path, image, ...args],
        cwd: '/',
        env: { ...clientEnvironment(environment), ...variables.values },
      },
      visible: false,
      endsTogether: false,
      signal: async (signal) => {
        const { failed, stderr } = await this.#call(file, ['kill', '--signal', signal, name])
        if (failed && !isGone(stderr))
          log.warn({ container: name, reason: stderr.trim() }, 'a signal was not delivered')
      },
      end: () => this.#remove(file, name),
      trouble: ({ exitCode, stderr }) => (exitCode === 125 ? troubleOf(this.kind, stderr) : undefined),
    }
  }

  async check(): Promise<string | undefined> {
    const file = this.#find()
    if (file === undefined) return this.#missing
    const name = nameOf(`trial-${randomBytes(8).toString('hex')}`)
    const own = runArgs(this.#settings, { name, folder: undefined, limits: {}, variables: [] })
    if ('reason' in own) return own.reason
    const args = [...own.args, '--entrypoint', 'true', this.#settings.image]
    const { exitCode = 125, stderr, shortMessage, timedOut } = await this.#call(file, args, trialMs)
    if (timedOut) await this.#remove(file, name)
    // An image without `true` was started as well.
    if (exitCode === 0 || exitCode === 126 || exitCode === 127) return undefined
    return troubleOf(this.kind, stderr) ?? `${this.kind} cannot start: ${stderr.trim() || (shortMessage ?? '')}`
  }

  async endLeftover(tag: string): Promise<void> {
    const file = this.#find()
    if (file === undefined) this.#settings.log.error({ container: nameOf(tag) }, this.#missing)
    else await this.#remove(file, nameOf(tag))
  }

  #find(): string | undefined {
    return findOnPath(this.kind, this.#settings.environment['PATH'])
  }

  /** Calls the client. Never rejects, and takes no longer than it may. */
  async #call(file: string, args: readonly string[], timeout = callMs) {
    const env = clientEnvironment(this.#settings.environment)
    const forceKillAfterDelay = 1_000
    return execa(file, args, {
      ...{ env, extendEnv: false, stdin: 'ignore', reject: false, timeout, forceKillAfterDelay, maxBuffer: 65_536 },
    })
  }

  /** Ends and removes a container, if there is one. */
  async #remove(file: string, name: string): Promise<void> {
    for (let removals = 1; ; removals++) {
      const { failed, stderr, shortMessage } = await this.#call(file, ['rm', '--force', '--volumes', name])
      if (!failed || isGone(stderr)) return
      if (removals === maxRemovals) {
        const reason = stderr.trim() || shortMessage
        this.#settings.log.error({ container: name, reason }, 'a container could not be removed')
        return
      }
      await sleep(removalPauseMs)
    }
  }
}

function nameOf(tag: string): string {
  return `skyclaw-${tag}`
}

function isGone(stderr: string): boolean {
  return /no such container|no container with name/i.test(stderr)
}

/** 125 is the client's own exit code. A job that exits so has nothing to say in its name. */
function troubleOf(kind: ContainerKind, stderr: string): string | undefined {
  const own = /^(?:docker: |error\b|cannot connect\b|failed to connect\b)/i
  const words = stderr.split('\n').find((line) => own.test(line))
  return words === undefined ? undefined : `${kind} could not start the job: ${words.replace(/^docker: /, '').trim()}`
}
