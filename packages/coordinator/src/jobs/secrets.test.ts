import { limits, type Payload, redacted } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { bodyHash } from './body-hash.ts'
import { Secrets } from './secrets.ts'

const secrets = new Secrets('a token')
const payload = (secretEnv: Record<string, string>): Payload => ({ kind: 'shell', command: 'true', secretEnv })
const both = payload({ KEY: 'hunter2 ünï', OTHER: 'hunter3' })

test('what was sealed has the names and no value, and is opened by the same token alone', () => {
  const sealed = secrets.seal(both)
  expect(sealed.payload).toEqual(payload({ KEY: redacted, OTHER: redacted }))
  expect(Buffer.from(sealed.sealedEnv!.slice(3), 'base64url').toString('latin1')).not.toContain('hunter')
  expect(new Secrets('a token').open(sealed)).toEqual(both)
  expect(new Secrets('another token').open(sealed)).toBeUndefined()
  expect(new Secrets(undefined).open(sealed)).toBeUndefined()
})

test('what was changed since it was sealed is not opened: a byte, a name, the form, its absence', () => {
  const sealed = secrets.seal(both)
  const bytes = Buffer.from(sealed.sealedEnv!.slice(3), 'base64url')
  for (const at of [0, 12, 28, bytes.length - 1]) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    expect(secrets.open({ ...sealed, sealedEnv: `v1.${changed.toString('base64url')}` })).toBeUndefined()
  }
  expect(secrets.open({ ...sealed, payload: payload({ KEY: redacted }) })).toBeUndefined()
  expect(secrets.open({ ...sealed, sealedEnv: sealed.sealedEnv!.slice(3) })).toBeUndefined()
  expect(secrets.open({ ...sealed, sealedEnv: 'v1.AAAA' })).toBeUndefined()
  expect(secrets.open({ payload: sealed.payload })).toBeUndefined()
})

test('the same secrets are never sealed to the same text', () => {
  expect(secrets.seal(both).sealedEnv).not.toBe(secrets.seal(both).sealedEnv)
})

test('a job without secrets stays as it is', () => {
  for (const plain of [payload({}), { kind: 'shell' as const, command: 'true' }]) {
    expect(secrets.seal(plain)).toEqual({ payload: plain })
    expect(secrets.open({ payload: plain })).toEqual(plain)
    expect(bodyHash(secrets.marked({ payload: plain }))).toBe(bodyHash({ payload: plain }))
  }
})

test('as many bytes of secrets as the limit says are sealed and fit the record, and one more is refused by name', () => {
  const value = 'x'.repeat(limits.envValueChars)
  const names = Array.from({ length: 8 }, (_, index) => [`K${index}`, value])
  const fitting = Object.fromEntries(names) as Record<string, string>
  const over = JSON.stringify(fitting).length - limits.secretsBytes
  fitting['K0'] = value.slice(over)
  expect(secrets.seal(payload(fitting)).sealedEnv!.length).toBeLessThanOrEqual(limits.sealedChars)
  fitting['K0'] += 'x'
  expect(() => secrets.seal(payload(fitting))).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      problem: expect.objectContaining({ field: 'payload.secretEnv' }),
    }),
  )
})

test('the hash of a body tells secrets from each other, and cannot be guessed without the token', () => {
  const hash = (value: string, under = secrets) => bodyHash(under.marked({ payload: payload({ KEY: value }) }))
  expect(hash('1234')).toBe(hash('1234'))
  expect(hash('1234')).not.toBe(hash('1235'))
  expect(hash('1234')).not.toBe(hash('1234', new Secrets('another token')))
  expect(hash('1234')).not.toBe(bodyHash({ payload: payload({ KEY: '1234' }) }))
})
