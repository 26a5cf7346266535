import { expect, test } from 'vitest'
import { createClient, OptionError, SkyclawError } from './index.ts'

const url = 'http://127.0.0.1:1'

function errorOf(make: () => unknown): OptionError {
  try {
    make()
  } catch (error) {
    if (error instanceof OptionError && error instanceof SkyclawError) return error
  }
  throw new Error('no OptionError was thrown')
}

test.each([
  [[], 'coordinators'],
  [['nonsense'], 'coordinators[0]'],
  [[url, ''], 'coordinators[1]'],
  [['ftp://example'], 'coordinators[0]'],
  [[`${url}/?a=b`], 'coordinators[0]'],
  [[7 as unknown as string], 'coordinators[0]'],
])('coordinators %j are refused, naming %s', (coordinators, option) => {
  expect(errorOf(() => createClient({ coordinators })).option).toBe(option)
})

test('a URL with a password is refused without printing it', () => {
  const error = errorOf(() => createClient({ coordinators: ['http://user:hunter2@a'] }))
  expect(error.message).toContain('coordinators[0]')
  expect(error.message).not.toContain('hunter2')
})

test.each(['line\nbreak', 'a b', 'tök', '\u0000'])('the token %j is refused without printing it', (token) => {
  const error = errorOf(() => createClient({ coordinators: [url], token }))
  expect(error.option).toBe('token')
  expect(error.message).not.toContain(token)
})

test('an empty token is refused', () => {
  expect(errorOf(() => createClient({ coordinators: [url], token: '' })).option).toBe('token')
})

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5' as unknown as number])(
  'timeoutMs %s is refused',
  (timeoutMs) => {
    expect(errorOf(() => createClient({ coordinators: [url], timeoutMs })).option).toBe('timeoutMs')
  },
)

test('learned coordinators come after the configured ones, which stay; unusable ones are left out', () => {
  const own = 'http://a:1/skyclaw'
  const client = createClient({ coordinators: [`${own}/`], maxCoordinators: 2 })
  const unusable = ['javascript:alert(1)', 'http://u:p@d:1', 'http://0.0.0.0:1', url, 7 as unknown as string]
  client.learnCoordinators(['http://b:1', ...unusable, own, 'http://c:1/'])
  expect(client.coordinators[0]).toBe(own)
  expect(client.coordinators.toSorted()).toEqual([own, 'http://b:1', 'http://c:1'])
  client.learnCoordinators(['http://d:1'])
  expect(client.coordinators.slice(0, 2)).toEqual([own, 'http://d:1'])
  expect(client.coordinators).toHaveLength(3)
})

test('a bad idempotency key is refused before anything is sent', async () => {
  const client = createClient({ coordinators: [url] })
  const call = client.jobs.cancel('x', { idempotencyKey: 'a\r\nb' })
  await expect(call).rejects.toMatchObject({ option: 'idempotencyKey' })
})

test('a call of a closed client fails at once and says so', async () => {
  const client = createClient({ coordinators: [url] })
  await client.close()
  await expect(client.health()).rejects.toThrow('the client is closed')
})
