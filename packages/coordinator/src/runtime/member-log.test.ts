import { expect, test } from 'vitest'
import type { MemberEvent, Peer } from '../network/membership.ts'
import { describeEvent } from './member-log.ts'

const peer: Peer = {
  ...{ instance: 'instance-b', nodeId: 'b', url: 'http://b', version: '1', wire: { min: 1, max: 2 }, incarnation: 1 },
  ...{ state: 'alive', since: 0, ready: true, verified: true, usable: true, knowsUs: true },
}
const failure = { kind: 'unreachable', message: 'did not answer: ECONNREFUSED' } as const
const candidate = { instance: 'instance-c', nodeId: 'c', url: 'http://c', namedBy: 'instance-c' }

const lines: [MemberEvent, 'info' | 'warn', RegExp][] = [
  [{ kind: 'alive', peer, first: true }, 'info', /^peer b is a member now, and alive$/],
  [{ kind: 'alive', peer, first: false }, 'info', /^peer b is alive again$/],
  [{ kind: 'suspect', peer }, 'warn', /^peer b does not answer/],
  [{ kind: 'dead', peer }, 'warn', /^peer b counts as dead/],
  [{ kind: 'forgotten', peer }, 'warn', /^peer b was forgotten by an operator: .* instance instance-b$/],
  [{ kind: 'usable', peer }, 'info', /^peer b can keep records/],
  [{ kind: 'unusable', peer: { ...peer, failure } }, 'warn', /worked with: http:\/\/b did not answer: ECONNREFUSED$/],
  [{ kind: 'unusable', peer: { ...peer, knowsUs: false } }, 'warn', /does not count this coordinator as a member$/],
  [{ kind: 'unusable', peer }, 'warn', /no common version$/],
  [
    { kind: 'replaced', peer, by: 'instance-d' },
    'warn',
    /^instance instance-d answers at http:\/\/b as a new instance/,
  ],
  [{ kind: 'moved', peer, from: 'http://old' }, 'info', /^peer b has moved from http:\/\/old to http:\/\/b$/],
  [{ kind: 'joined', through: 'http://b', members: 1 }, 'info', /through http:\/\/b, which named 1 member$/],
  [{ kind: 'joined', through: 'http://b', members: 3 }, 'info', /which named 3 members$/],
  [{ kind: 'join_failed', url: 'http://b', failure }, 'warn', /^could not join at http:\/\/b, .* it did not answer/],
  [
    { kind: 'rejected', candidate, reason: 'did not answer' },
    'warn',
    /named by itself, .*: http:\/\/c did not answer$/,
  ],
  [
    { kind: 'rejected', candidate: { ...candidate, namedBy: 'instance-b' }, reason: 'did not answer' },
    'warn',
    /named by instance instance-b,/,
  ],
  [{ kind: 'name_conflict', peers: [undefined, peer] }, 'warn', /called b: this one, and at http:\/\/b/],
  [
    { kind: 'name_conflict', peers: [{ ...peer, instance: 'instance-e', url: 'http://e' }, peer] },
    'warn',
    /called b: at http:\/\/e \(instance instance-e\), and at http:\/\/b/,
  ],
  [{ kind: 'self', url: 'http://a' }, 'warn', /^http:\/\/a leads to this coordinator itself/],
  [{ kind: 'copy', url: 'http://x', instance: 'instance-b', boot: 'p' }, 'warn', /answer as instance instance-b/],
  [{ kind: 'refuted', by: undefined }, 'warn', /^another coordinator took this/],
  [{ kind: 'refuted', by: 'instance-b' }, 'warn', /^instance instance-b took this/],
  [{ kind: 'self_forgotten' }, 'warn', /^this coordinator was forgotten/],
]

test('each change among the coordinators is one sentence in the log, with the coordinators named in its fields', () => {
  for (const [event, level, pattern] of lines) {
    const line = describeEvent(event)
    expect(line.level, event.kind).toBe(level)
    expect(line.message, event.kind).toMatch(pattern)
    expect(line.message).not.toMatch(/undefined|\n|\.$/)
    if ('peer' in event) expect(line.fields).toMatchObject({ peer: event.peer.url, peerInstance: event.peer.instance })
  }
})
