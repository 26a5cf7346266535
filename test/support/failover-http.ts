import type { OperationId } from '@skyclaw/protocol'
import type { Answer, Caller, Request } from './http.ts'

/** Sends single requests to one of several coordinators, and goes on to the next one when that did not answer, could not, or at will. */
export class FailoverHttp implements Caller {
  readonly #https: readonly Caller[]
  readonly #leaves: () => boolean
  #at: number

  /**
   * @param first the place of the one to begin with; it is taken modulo their number
   * @param leaves asked before each call whether to go on to the next one though nothing is wrong
   */
  constructor(https: readonly Caller[], first: number, leaves: () => boolean) {
    this.#https = https
    this.#at = first
    this.#leaves = leaves
  }

  /** Rejects when no whole answer came, whatever the reason: the next call goes to another one. */
  async call<Id extends OperationId>(operationId: Id, request: Request<Id> = {}): Promise<Answer<Id>> {
    if (this.#leaves()) this.#at += 1
    const http = this.#https[this.#at % this.#https.length]!
    try {
      const answer = await http.call(operationId, request)
      if (answer.status >= 500) this.#at += 1
      return answer
    } catch (error) {
      this.#at += 1
      throw error
    }
  }
}
