import { expect, test } from 'vitest'
import { fakeCoordinator } from '../../test/fake-coordinator.ts'
import { runInProcess } from '../../test/fake-io.ts'
import { makeJob } from '../../test/job-fixture.ts'

const secret = 'correct-horse'
const payload = { kind: 'shell' as const, command: 'true', secretEnv: { API_KEY: '[redacted]' } }

async function enqueue(words: readonly string[], env: Record<string, string> = {}) {
  const { url, asked } = await fakeCoordinator(() => ({ body: { job: makeJob({ payload }) } }))
  const ran = await runInProcess([words[0]!, '--url', url, ...words.slice(1)], { env })
  const body = asked[0]?.body as { payload?: { secretEnv?: unknown } } | undefined
  return { ...ran, secretEnv: body?.payload?.secretEnv }
}

test.each([
  ['enqueue-shell', ['true']],
  ['enqueue-openclaw', ['doctor']],
])('%s takes secrets from the environment or from the flag, and prints none', async (command, rest) => {
  const flags = ['--secret-env', 'API_KEY', '--secret-env', 'OTHER=a=b c']
  const ran = await enqueue([command, '--json', ...flags, ...rest], { API_KEY: secret })
  expect(ran.secretEnv).toEqual({ API_KEY: secret, OTHER: 'a=b c' })
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout).not.toContain(secret)
})

test.each([
  [['API_KEY'], 'there is no API_KEY in the environment'],
  [['EMPTY'], 'there is no EMPTY in the environment'],
  [['API_KEY=abc'], 'at least 4 characters'],
  [[`API_KEY=${'x'.repeat(40_000)}`], 'at most 32768 characters'],
  [[`API_KEY=${secret}`, `API_KEY=${secret}`], 'names API_KEY twice'],
  [[`9KEY=${secret}`], 'the name of --secret-env must be'],
])('a secret that cannot be is refused without citing it: %#', async (given, message) => {
  const words = given.flatMap((one) => ['--secret-env', one])
  const ran = await enqueue(['enqueue-shell', ...words, 'true'], { EMPTY: '' })
  expect(ran).toMatchObject({ code: 2, stdout: '', secretEnv: undefined })
  expect(ran.stderr).toContain(message)
  expect(ran.stderr).not.toMatch(/correct-horse|abc\b|xxxx/)
})

test('a variable cannot be secret and plain at once', async () => {
  const ran = await enqueue(['enqueue-shell', '--env', 'A=b', '--secret-env', `A=${secret}`, 'true'])
  expect(ran).toMatchObject({ code: 2, stdout: '' })
  expect(ran.stderr).toContain('--env and --secret-env both name A')
})
