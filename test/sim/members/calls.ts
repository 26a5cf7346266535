import { ProblemError, routes, wireVersion } from '@skyclaw/protocol'
import { createCheck } from '../../../packages/coordinator/src/http/validator.ts'
import type {
  CallResult,
  Challenged,
  MemberCalls,
  Membership,
} from '../../../packages/coordinator/src/network/membership.ts'
import type { Coordinator, Process } from './coordinator.ts'
import type { Field } from './field.ts'

const sampledEvery = 100
const hex = '0'.repeat(64)
const checkGossip = createCheck(routes.gossip.body, 'body')
const checkAnswer = createCheck(routes.gossip.response, 'answer')
const checkJoin = createCheck(routes.joinNetwork.body, 'body')

interface Call<T> {
  readonly kind: 'gossip' | 'probe' | 'challenge' | 'join'
  readonly url: string
  readonly request: object
  readonly timeoutMs: number
  readonly answer: (membership: Membership, target: Coordinator, reply: (result: CallResult<T>) => void) => void
  readonly body: (answer: T) => object
  readonly done: (result: CallResult<T>, now: number) => void
}

/** The calls of one process to others over the virtual network: question and answer travel, and either may be lost. */
export function callsOf(field: Field, self: Coordinator, process: Process): MemberCalls {
  const call = <T>(made: Call<T>) => send(field, self, process, made)
  return {
    gossip: (url, request, timeoutMs, done) => {
      self.checkVerified(url)
      field.sample(sampledEvery, () => checkGossip(copyOf(request)))
      call({
        kind: 'gossip',
        url,
        request,
        timeoutMs,
        answer: (membership, target, reply) => {
          const answer = membership.answerGossip(request, target.now)
          field.sample(sampledEvery, () => checkAnswer(copyOf(answer)))
          reply({ ok: true, answer })
        },
        body: (answer) => answer,
        done,
      })
    },
    probe: (url, target, timeoutMs, done) => {
      self.checkVerified(url)
      call<boolean>({
        kind: 'probe',
        url,
        request: { version: wireVersion, from: self.instance, target },
        timeoutMs,
        answer: (membership, { now }, reply) =>
          membership.answerProbe(self.instance, target, now, (answer) => reply({ ok: true, answer })),
        body: (reached) => ({ reached }),
        done,
      })
    },
    challenge: (url, timeoutMs, done) =>
      call<Challenged>({
        kind: 'challenge',
        url,
        request: { url, nonce: hex, proof: hex },
        timeoutMs,
        answer: (_membership, { url: own, instance, name, process: there }, reply) =>
          reply(
            own === url
              ? { ok: true, answer: { instance, nodeId: name, boot: there!.boot } }
              : refusal(new ProblemError('url_unverified', 'that is not its URL')),
          ),
        body: (answer) => ({ ...answer, proof: hex }),
        done: (result, now) => {
          if (result.ok) self.noteVerified(url)
          done(result, now)
        },
      }),
    join: (url, request, timeoutMs, done) => {
      checkJoin(copyOf(request))
      call({
        kind: 'join',
        url,
        request,
        timeoutMs,
        answer: (membership, { now }, reply) =>
          membership.answerJoin(request, now, (answer) =>
            reply(answer instanceof Error ? refusal(answer) : { ok: true, answer }),
          ),
        body: (answer) => answer,
        done,
      })
    },
  }
}

function send<T>(field: Field, self: Coordinator, process: Process, made: Call<T>): void {
  const { agenda, network, traffic } = field
  let settled = false
  const settle = (kind: 'timer' | 'input', result: CallResult<T>) =>
    process.run(kind, () => {
      if (settled) return
      settled = true
      made.done(result, self.now)
    })
  agenda.in(made.timeoutMs, () => settle('timer', failed(`did not answer in ${made.timeoutMs} ms`)))
  traffic.sent(made.kind, made.request)
  const target = field.at(made.url)
  const to = target?.name ?? made.url
  const answer = (result: CallResult<T>) => network.carry(to, self.name, () => settle('input', result))
  network.carry(self.name, to, () => {
    if (target?.isOff) return
    const there = target?.process
    if (!there) return answer(failed('did not answer: ECONNREFUSED', true))
    there.run('input', () =>
      made.answer(there.membership, target, (result) => {
        if (target.process !== there) return
        traffic.sent(`${made.kind} answer`, result.ok ? made.body(result.answer) : result.failure)
        answer(result)
      }),
    )
  })
}

function failed(message: string, portClosed = false): CallResult<never> {
  return { ok: false, failure: { kind: 'unreachable', message, ...(portClosed && { portClosed }) } }
}

function refusal(error: Error): CallResult<never> {
  const code = error instanceof ProblemError ? error.code : 'internal'
  return { ok: false, failure: { kind: 'refused', code, message: error.message } }
}

/** As it arrives over HTTP. */
function copyOf(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message))
}
