import { expect, test } from 'vitest'
import { isAdmissible } from './admit.ts'

const refused: [string, string[]][] = [
  ['http://b:8787', ['https://a']],
  ['http://127.0.0.1:8787', ['http://10.0.0.1:8787']],
  ['http://127.9.9.9:8787', ['http://10.0.0.1:8787']],
  ['http://localhost:8787', ['http://10.0.0.1:8787']],
  ['http://x.localhost', ['http://10.0.0.1:8787']],
  ['http://[::1]:8787', ['http://10.0.0.1:8787']],
  ['http://[::ffff:127.0.0.1]:8787', ['http://10.0.0.1:8787']],
  ['http://2130706433:8787', ['http://10.0.0.1:8787']],
  ['http://0.0.0.0:8787', ['http://127.0.0.1:8787']],
  ['http://[::]:8787', ['http://127.0.0.1:8787']],
]

test.each(refused)('%s is not taken beside %j', (url, configured) => {
  expect(isAdmissible(url, configured)).toBe(false)
})

const taken: [string, string[]][] = [
  ['https://b', ['https://a']],
  ['https://b', ['http://a']],
  ['http://b:8787', ['https://a', 'http://c']],
  ['http://127.0.0.1:8788', ['http://localhost:8787']],
  ['http://10.0.0.2:8787', ['http://127.0.0.1:8787']],
  ['http://localhost.example', ['http://10.0.0.1:8787']],
]

test.each(taken)('%s is taken beside %j', (url, configured) => {
  expect(isAdmissible(url, configured)).toBe(true)
})
