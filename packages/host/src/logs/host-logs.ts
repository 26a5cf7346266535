import path from 'node:path'
import type { SkyclawClient } from '@skyclaw/client'
import { type AttemptLog, type LogFolder, type LogName, openLogFolder } from '@skyclaw/output-log'
import type { LeaseRef } from '@skyclaw/protocol'
import type { Logger } from 'pino'
import type { AttemptOutput } from '../run/attempt-output.ts'
import type { RunResult } from '../run/result.ts'
import { messageOf } from '../retry.ts'
import { LiveLog } from './live-log.ts'
import { type Delivery, LogSender } from './log-sender.ts'
import { Turns } from './turns.ts'

/*
 * The logs of a host's attempts, in `<dir>/logs`. While an attempt runs, its output is written there and sent on, a little at a
 * time; when it has ended, the rest is sent and the log is closed at the coordinators, and then removed here. What an earlier run
 * of the host left is closed at the size that it has and delivered as well. Neither job nor result ever waits for a log.
 */

/** Calls at once, of all logs: a slow coordinator must not take the connections of heartbeats and claims. */
export const maxLogCalls = 16
/** Ended logs on their way at once; the others wait. */
const maxDeliveries = 8
/** Disk that logs may take together while they wait. */
const maxWaitingBytes = 1_073_741_824

export interface HostLogsOptions {
  readonly dir: string
  readonly maxLogBytes: number
  /** Ended logs that wait to be delivered; beyond, the oldest is dropped. */
  readonly maxWaiting: number
  readonly client: SkyclawClient
  /** A client that asks this coordinator alone. */
  readonly clientOf: (url: string) => SkyclawClient
  readonly hostId: string
  /** Aborted when the host ends: nothing is sent any more. */
  readonly ending: AbortSignal
  readonly log: Logger
  /** A coordinator said that the attempt has lost its lease. */
  readonly onLost: (ref: LeaseRef) => void
  /** A log was delivered or dropped. */
  readonly onSettled: () => void
}

/** What the completion of an attempt tells of its output. */
type EndedOutput = Pick<RunResult, 'success' | 'stdout' | 'stderr' | 'usage'>

/** The log of an attempt that runs. */
export interface RunningLog {
  readonly output: AttemptOutput
  /** The attempt has ended: the rest is written and delivered in the background. */
  finish(ended: EndedOutput): void
  /** Nobody wants the log any more. */
  drop(): void
}

interface Ended {
  readonly name: LogName
  readonly sender?: LogSender | undefined
}

export class HostLogs {
  readonly #options: HostLogsOptions
  readonly #folder: LogFolder
  readonly #turns = new Turns(maxLogCalls)
  readonly #waiting: Ended[] = []
  /** Logs being written and delivered after their attempts' ends. */
  readonly #busy = new Set<Promise<void>>()
  #delivering = 0

  private constructor(options: HostLogsOptions, folder: LogFolder) {
    this.#options = options
    this.#folder = folder
  }

  /** Opens the folder, and delivers what is in it. */
  static async open(options: HostLogsOptions): Promise<HostLogs> {
    const folder = await openLogFolder(path.join(options.dir, 'logs'), { maxStreamBytes: options.maxLogBytes })
    const logs = new HostLogs(options, folder)
    for (const name of folder.list()) logs.#deliver({ name })
    return logs
  }

  /** Logs of ended attempts that are not delivered yet. */
  get undeliveredCount(): number {
    return this.#waiting.length + this.#busy.size
  }

  /** Begins the log of an attempt. Nothing is on disk before there is output. */
  start(ref: LeaseRef): RunningLog {
    const name: LogName = { jobId: ref.id, attempt: ref.attempt }
    const log = this.#logOf(name)
    const ended = new AbortController()
    let sender: LogSender | undefined
    let following: Promise<Delivery | undefined> | undefined
    const follow = (attemptLog: AttemptLog) => {
      if (ended.signal.aborted) return
      sender = this.#sender(attemptLog)
      following = sender.follow(ended.signal).then((delivery) => {
        if (delivery === 'lost') this.#options.onLost(ref)
        if (delivery === 'lost' || delivery === 'refused') void live.giveUp()
        return delivery
      })
    }
    const live: LiveLog = new LiveLog({
      maxStreamBytes: this.#options.maxLogBytes,
      open: () => this.#folder.open(name),
      onOpen: follow,
      onFailure: (error) => log.error({ reason: messageOf(error) }, 'the log could not be written: it is given up'),
    })
    const drop = async () => {
      await live.giveUp()
      await following
      await this.#remove(name)
    }
    return {
      output: live,
      finish: (end) => {
        ended.abort()
        if (isTold(end, live) && !sender?.hasStarted) return this.#note(drop())
        this.#note(
          live.end().then(async (attemptLog) => {
            const delivery = await following
            if (attemptLog && delivery === undefined) this.#deliver({ name, sender })
            else if (delivery !== 'stopped') await this.#remove(name)
          }),
        )
      },
      drop: () => {
        ended.abort()
        this.#note(drop())
      },
    }
  }

  /** Resolves when nothing is written or sent any more, once `ending` is aborted. What is undelivered stays on disk. */
  async close(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy)
    await this.#folder.close()
  }

  #deliver(ended: Ended): void {
    this.#waiting.push(ended)
    const { maxWaiting } = this.#options
    while (
      this.#waiting.length > maxWaiting ||
      (this.#waiting.length > 1 && this.#folder.storedBytes > maxWaitingBytes)
    ) {
      const oldest = this.#waiting.shift()
      if (!oldest) break
      this.#logOf(oldest.name).error(
        { waiting: maxWaiting },
        'too many logs wait to be delivered: the oldest is dropped',
      )
      this.#note(this.#remove(oldest.name))
    }
    this.#next()
  }

  #next(): void {
    while (this.#delivering < maxDeliveries && !this.#options.ending.aborted) {
      const next = this.#waiting.shift()
      if (!next) return
      this.#delivering += 1
      const done = () => {
        this.#delivering -= 1
        this.#next()
      }
      this.#note(this.#send(next).finally(done))
    }
  }

  async #send({ name, sender }: Ended): Promise<void> {
    const log = this.#logOf(name)
    try {
      const attemptLog = await this.#folder.open(name)
      if (!attemptLog.closed) await attemptLog.close(attemptLog.sizes)
      const delivery = await (sender ?? this.#sender(attemptLog)).finish()
      if (delivery === 'stopped') return
      if (delivery === 'delivered') log.info('log delivered')
      await this.#remove(name)
    } catch (error) {
      log.error({ reason: messageOf(error) }, 'the log could not be read: it is dropped')
      await this.#remove(name)
    }
  }

  async #remove(name: LogName): Promise<void> {
    await this.#folder.remove(name).catch((error: unknown) => {
      this.#logOf(name).error({ reason: messageOf(error) }, 'a log could not be removed')
    })
  }

  #sender(attemptLog: AttemptLog): LogSender {
    const { client, clientOf, hostId, ending } = this.#options
    const log = this.#logOf(attemptLog.name)
    return new LogSender({ client, clientOf, hostId, ending, turns: this.#turns, log }, attemptLog)
  }

  #logOf({ jobId, attempt }: LogName): Logger {
    return this.#options.log.child({ jobId, attempt })
  }

  #note(work: Promise<void>): void {
    const noted = work.finally(() => {
      this.#busy.delete(noted)
      this.#options.onSettled()
    })
    this.#busy.add(noted)
  }
}

/** Whether the completion of a successful attempt holds its whole output, byte for byte: what is no UTF-8 is replaced there. */
function isTold({ success, stdout, stderr, usage }: EndedOutput, { sizes }: LiveLog): boolean {
  const isWhole = (text: string, bytes: number) => Buffer.byteLength(text) === bytes && !text.includes('\ufffd')
  return success && !usage?.truncated && isWhole(stdout, sizes.stdout) && isWhole(stderr, sizes.stderr)
}
