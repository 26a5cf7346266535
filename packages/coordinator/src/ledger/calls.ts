import { ProblemError } from '@skyclaw/protocol'
import type { Mesh, Step } from '../mesh/mesh.ts'
import { PassingSet } from '../mesh/passing-map.ts'
import type { Driver } from '../runtime/driver.ts'

/** How long closing waits for calls under way: longer than any of them takes, unless the turns have ended before it. */
const maxCloseMs = 6_000

/**
 * The inputs that a ledger gives to the mesh, with the answers that come turns later. Closing lets those under way come to their end,
 * and refuses new ones.
 */
export class Calls {
  readonly #driver: Driver
  /** Each ends one call that is under way. */
  readonly #underway = new PassingSet<(error: ProblemError) => void>()
  #closed = false
  #whenIdle: (() => void) | undefined

  constructor(driver: Driver) {
    this.#driver = driver
  }

  /** An input whose answer is what it returns; `weight`: how many usual ones it stands for. */
  async run<T>(input: (step: Step, mesh: Mesh) => T, weight?: number): Promise<T> {
    if (this.#closed) throw closing('not_applied')
    return this.#driver.run(input, weight)
  }

  /** Makes durable what was learned so far. */
  settle(): void {
    this.#driver.settle()
  }

  /** Makes durable what the turn has brought that is about to be: before something of it is told. */
  settleOpen(): void {
    this.#driver.settleOpen()
  }

  /** An input whose answer comes later: it is given how to answer. */
  async ask<T>(input: (step: Step, mesh: Mesh, answer: (answer: T) => void) => void): Promise<T> {
    let answer: Promise<T> | undefined
    await this.run((step, mesh) => {
      answer = this.expect((resolve) => input(step, mesh, resolve))
    })
    return answer!
  }

  /** One input with so many answers, each given with its place. */
  async askAll<T>(
    count: number,
    input: (step: Step, mesh: Mesh, answer: (index: number, answer: T) => void) => void,
  ): Promise<T[]> {
    let answers: Promise<T[]> | undefined
    await this.run((step, mesh) => {
      const given: T[] = []
      let left = count
      answers = this.expect((resolve) => {
        input(step, mesh, (index, answer) => {
          given[index] = answer
          left -= 1
          if (left === 0) resolve(given)
        })
      })
    }, count)
    return answers!
  }

  /** An answer that something begun within an input will give. What `begin` throws is thrown on. */
  expect<T>(begin: (answer: (answer: T) => void) => void): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#underway.add(reject)
    const settle = () => {
      this.#underway.delete(reject)
      if (this.#underway.size === 0) this.#whenIdle?.()
    }
    try {
      begin((answer) => {
        settle()
        resolve(answer)
      })
    } catch (error) {
      settle()
      throw error
    }
    // Whoever waits hears of a rejection; that nobody waits yet is no reason to end the process.
    promise.catch(() => undefined)
    return promise
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#underway.size > 0) await this.#idle()
    for (const reject of this.#underway) reject(closing('unknown'))
    this.#underway.clear()
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, maxCloseMs)
      this.#whenIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function closing(outcome: 'not_applied' | 'unknown'): ProblemError {
  return new ProblemError('shutting_down', 'the coordinator is closing', { outcome })
}
