import { ProblemError } from '@skyclaw/protocol'
import type {
  CallFailure,
  CallResult,
  MemberCalls,
  Membership,
} from '../../../packages/coordinator/src/network/membership.ts'
import type { Machine } from './machine.ts'
import type { World } from './world.ts'

interface Call<T> {
  readonly url: string
  readonly timeoutMs: number
  readonly answer: (
    membership: Membership,
    target: Machine,
    reply: (result: CallResult<T>) => void,
    now: number,
  ) => void
  readonly done: (result: CallResult<T>, now: number) => void
}

/** A machine's calls to other memberships: question and answer travel as all messages do. */
export function memberCallsOf(world: World, machine: Machine): MemberCalls {
  const { instance } = machine
  return {
    gossip: (url, request, timeoutMs, done) =>
      call(world, machine, {
        ...{ url, timeoutMs, done },
        answer: (membership, _target, reply, now) => reply({ ok: true, answer: membership.answerGossip(request, now) }),
      }),
    probe: (url, target, timeoutMs, done) =>
      call(world, machine, {
        ...{ url, timeoutMs, done },
        answer: (membership, _target, reply, now) =>
          membership.answerProbe(instance, target, now, (answer) => reply({ ok: true, answer })),
      }),
    challenge: (url, timeoutMs, done) =>
      call(world, machine, {
        ...{ url, timeoutMs, done },
        answer: (_membership, { instance: there, name, member }, reply) =>
          reply({ ok: true, answer: { instance: there, nodeId: name, boot: member.boot } }),
      }),
    join: (url, request, timeoutMs, done) =>
      call(world, machine, {
        ...{ url, timeoutMs, done },
        answer: (membership, _target, reply, now) =>
          membership.answerJoin(request, now, (answer) =>
            reply(answer instanceof Error ? failed(refusal(answer)) : { ok: true, answer }),
          ),
      }),
  }
}

function call<T>(world: World, machine: Machine, { url, timeoutMs, answer, done }: Call<T>): void {
  const { agenda, network } = world
  const { process } = machine
  let settled = false
  const settle = (result: CallResult<T>) =>
    machine.whenAwake(process, () => {
      if (settled) return
      settled = true
      machine.member.take((_membership, now) => done(result, now))
    })
  agenda.in(timeoutMs, () => settle(failed({ kind: 'unreachable', message: `did not answer in ${timeoutMs} ms` })))
  const target = world.machineAt(url)
  if (!target || world.deafness.swallows(machine, target)) return
  const back = (result: CallResult<T>) => network.carry(target.name, machine.name, () => settle(result))
  network.carry(machine.name, target.name, () => {
    const there = target.process
    // A machine without the process refuses connections, one without power says nothing.
    if (!there) return world.dice.chance(0.5) ? back(failed(refusedConnection)) : undefined
    target.whenAwake(there, () => target.member.take((membership, now) => answer(membership, target, back, now)))
  })
}

const refusedConnection: CallFailure = {
  kind: 'unreachable',
  portClosed: true,
  message: 'did not answer: ECONNREFUSED',
}

function refusal(error: Error): CallFailure {
  const code = error instanceof ProblemError ? error.code : 'internal'
  return { kind: 'refused', code, message: error.message }
}

function failed(failure: CallFailure): { readonly ok: false; readonly failure: CallFailure } {
  return { ok: false, failure }
}
