import fc from 'fast-check'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { newJobRecord } from '../jobs/new-job.ts'
import { derivedJobStem } from '../jobs/job-id.ts'
import { hostRecord, shellJobRecord, supersededRecord } from '../../test/records.ts'
import {
  baseOf,
  derivedJobKey,
  firstLineage,
  hostKey,
  isKeyOf,
  jobIdOf,
  jobKey,
  keyOf,
  supersededKey,
  timedJobPrefix,
} from './record-key.ts'

const lineage = fc.stringMatching(/^[0-9a-f]{8}$/)
const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,30}$/)

test('the base of a derived key is what it was made of, whatever the lineage and the id', () => {
  const token = fc.option(fc.string(), { nil: undefined })
  fc.assert(
    fc.property(
      lineage,
      id,
      fc.integer({ min: 1, max: 300 }),
      token,
      fc.string(),
      (end, name, attempt, secret, key) => {
        const stem = derivedJobStem({ token: secret, key })
        for (const made of [hostKey(name), supersededKey(name, attempt), derivedJobKey(stem)]) {
          expect(made.keyFor(end).startsWith(made.base)).toBe(true)
          expect(baseOf(made.keyFor(end))).toBe(made.base)
        }
      },
    ),
  )
})

test('no base is that of another host or attempt', () => {
  fc.assert(
    fc.property(id, id, lineage, (one, other, end) => {
      fc.pre(one !== other)
      expect(hostKey(other).keyFor(end).startsWith(hostKey(one).base)).toBe(false)
      expect(supersededKey(other, 1).keyFor(end).startsWith(supersededKey(one, 1).base)).toBe(false)
    }),
  )
  expect(supersededKey('a', 11).keyFor(firstLineage).startsWith(supersededKey('a', 1).base)).toBe(false)
})

test('a random job id has no base, nor has a key that is none of ours', () => {
  for (const key of [jobKey(uuidv7()), jobKey('short'), 'host:a', 'host:a~1234567', 'superseded:a:1', 'other']) {
    expect(baseOf(key)).toBeUndefined()
  }
})

test('a derived job id is a UUID of version 8, and is found by the stem that it has had before there were lineages', () => {
  const stem = derivedJobStem({ token: 'change-me', key: 'nightly', index: 2 })
  expect(stem).toBe('5234a385-1a8c-82ae-9cb1-fbf4')
  const key = derivedJobKey(stem).keyFor('0123abcd')
  expect(jobIdOf(key)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('a key that is a UUID of version 7 gives its time to the id, and nothing else', () => {
  const at = Date.UTC(2026, 0, 1)
  const keyed = (time: number, end: string) =>
    `${time.toString(16).padStart(12, '0').replace(/^.{8}/, '$&-')}-7000-8000-${end}`
  const stem = (key: string, index?: number) => derivedJobStem({ token: 't', key, index })
  const first = stem(keyed(at, '000000000001'))
  expect(derivedJobKey(first).base.startsWith(timedJobPrefix(at))).toBe(true)
  expect(baseOf(derivedJobKey(first).keyFor('0123abcd'))).toBe(`job:${first}`)
  const others = [
    stem(keyed(at, '000000000002')),
    stem(keyed(at, '000000000001'), 0),
    stem(keyed(at, '000000000001'), 1),
  ]
  for (const other of others) expect(other.slice(0, 8)).toBe(first.slice(0, 8))
  expect(new Set([first, ...others].map((made) => made.slice(8))).size).toBe(4)
  expect(stem(keyed(at + 1_000, '000000000001')) > first).toBe(true)
})

test('a value is kept under its own key in any lineage, and under no other key', () => {
  const job = shellJobRecord({ id: 'j' })
  expect([keyOf(job), keyOf(job, '0123abcd')]).toEqual(['job:j', 'job:j'])
  for (const value of [hostRecord('h'), supersededRecord('j', 2)]) {
    expect(isKeyOf(keyOf(value, '0123abcd'), value)).toBe(true)
    expect(isKeyOf(`${keyOf(value)}0`, value)).toBe(false)
  }
  expect(isKeyOf('job:j', job)).toBe(true)
  expect(isKeyOf('job:k', job)).toBe(false)
  expect(isKeyOf('host:h', hostRecord('h'))).toBe(false)
  expect(isKeyOf(keyOf(hostRecord('g')), hostRecord('h'))).toBe(false)
  expect(isKeyOf(keyOf(supersededRecord('j', 1)), supersededRecord('j', 2))).toBe(false)
})

test('the derived job that a stem names has the id that its key says', () => {
  const key = derivedJobKey(derivedJobStem({ token: undefined, key: 'k' })).keyFor('89abcdef')
  const payload = { kind: 'shell' as const, command: 'true' }
  const job = newJobRecord({ payload }, { id: jobIdOf(key), now: 0, sequence: 0 })
  expect(keyOf(job)).toBe(key)
  expect(isKeyOf(key, job)).toBe(true)
  expect(() => jobIdOf('host:a~00000000')).toThrow('is no key of a job')
})
