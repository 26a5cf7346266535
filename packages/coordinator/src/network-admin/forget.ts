/**
 * Forgetting: an operator says that a coordinator never returns. All hear of it by gossip, keep it in their databases, and put others in
 * its place in the replica sets that have a quorum without it.
 *
 * Records that have none are at risk: what only it has on disk, acknowledged changes among it, is lost with it. That is not done unless
 * the operator says so; then these records begin a new epoch from the latest that a live coordinator knows. A forgetting that was
 * interrupted is repeated as it was: what is forgotten stays so, and records that were taken over are not taken over again.
 */
import { type BodyOf, type Member, ProblemError, type ResponseOf, type Routes } from '@skyclaw/protocol'
import type { Context } from '../context.ts'
import type { Peer } from '../network/membership.ts'
import { findMember, isThere, nameOf } from './find-member.ts'

type Forgetting = BodyOf<Routes['forgetMember']>
type Forgotten = ResponseOf<Routes['forgetMember']>

/** Coordinators that are forgetting somebody now: one at a time each. */
const busy = new WeakSet<Context>()

/**
 * Throws `not_found` and `invalid_request` for a name that means nobody or several; `member_alive`; `records_at_risk` when records have
 * no quorum without it and `acceptLoss` is not given; `too_busy` while another forgetting is under way; `insufficient_replicas` while
 * this coordinator cannot tell, or too few live to take records over.
 */
export async function forgetMember(context: Context, body: Forgetting): Promise<Forgotten> {
  if (busy.has(context)) {
    throw new ProblemError('too_busy', 'another coordinator is being forgotten right now: try again in a moment', {
      outcome: 'not_applied',
    })
  }
  busy.add(context)
  try {
    return await forget(context, body)
  } finally {
    busy.delete(context)
  }
}

async function forget(context: Context, { node, acceptLoss = false }: Forgetting): Promise<Forgotten> {
  const { network, ledger, mesh } = context
  const { membership } = network
  const self = { nodeId: context.options.nodeId, instance: context.instance }
  const peer = findMember(node, membership.peers(), self)
  assertGone(peer)
  await assertSilent(context, peer)
  if (!mesh.mesh.status().ready) {
    const why = 'this coordinator has not caught up with the others, and cannot tell what only that one keeps'
    throw new ProblemError('insufficient_replicas', `${why}: try again later`, { outcome: 'not_applied' })
  }
  const expected = expectedOf(context)
  const atRisk = await ledger.countStranded(peer.instance, (id) => id !== peer.instance && expected.has(id))
  if (atRisk > 0 && !acceptLoss) throw riskProblem(peer, atRisk)
  if (atRisk > 0) assertEnough(context, atRisk)
  // It may have returned while the records were counted.
  assertGone(membership.peer(peer.instance) ?? peer)
  await network.forget(peer.instance)
  const adopted = acceptLoss ? await adopt(context) : 0
  return { forgotten: [asForgotten(peer)], adopted }
}

function assertGone(peer: Peer): void {
  if (!isThere(peer)) return
  const what =
    peer.state === 'alive' ? `${nameOf(peer)} is alive` : `${nameOf(peer)} is suspected to be dead, and answers`
  throw new ProblemError('member_alive', `${what} at ${peer.url}: stop it first`, { outcome: 'not_applied' })
}

/** It is asked once more: it may have just returned, and a coordinator that has just started has heard nobody yet. */
async function assertSilent({ network, clock }: Context, peer: Peer): Promise<void> {
  const answers = await new Promise<boolean>((resolve) => {
    network.membership.answerProbe(peer.instance, peer.instance, clock.monotonic(), resolve)
  })
  if (!answers) return
  throw new ProblemError('member_alive', `${nameOf(peer)} answers at ${peer.url}: stop it first`, {
    outcome: 'not_applied',
  })
}

async function adopt(context: Context): Promise<number> {
  const expected = expectedOf(context)
  return context.ledger.adoptStranded((instance) => expected.has(instance))
}

/** Who may take part again, dead or alive: nobody has forgotten it, and no other instance is in its place. */
function expectedOf({ instance: self, network }: Context): ReadonlySet<string> {
  const lasting = network.members().filter(({ instance, forgotten }) => {
    return !forgotten && network.membership.peer(instance)?.state !== 'replaced'
  })
  return new Set([self, ...lasting.map(({ instance }) => instance)])
}

function riskProblem(peer: Peer, atRisk: number): ProblemError {
  const records = atRisk === 1 ? '1 record has' : `${atRisk} records have`
  const what = `${records} no quorum without ${nameOf(peer)}, and may have changes that only it holds`
  const remedy =
    peer.state === 'forgotten' || peer.state === 'replaced'
      ? 'repeat this and accept the loss'
      : 'start it again, or repeat this and accept the loss'
  const after = 'the latest that a live coordinator knows is then what counts'
  return new ProblemError('records_at_risk', `${what}: ${remedy}; ${after}`, { outcome: 'not_applied' })
}

/** Records that are taken over need coordinators to keep them. */
function assertEnough({ ledger, network }: Context, atRisk: number): void {
  const { minimum } = ledger.durability
  const live = 1 + network.members().filter(({ alive, ready }) => alive && ready).length
  if (live >= minimum) return
  const what = `${atRisk} records would go on here, for which ${minimum} live coordinators are needed, and there is ${live}`
  const remedy = 'let another one join first, or restart this one with SKYCLAW_MIN_REPLICATIONS=1'
  throw new ProblemError('insufficient_replicas', `${what}: ${remedy}`, { outcome: 'not_applied' })
}

function asForgotten({ nodeId, instance, url, version }: Peer): Member {
  return { nodeId, instance, url, version, state: 'forgotten' }
}
