import { type Host, problem } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { type Asked, fakeCoordinator } from '../../../test/fake-coordinator.ts'
import { runInProcess } from '../../../test/fake-io.ts'

const makeHost = (fields: Partial<Host> = {}): Host => ({
  id: 'h1',
  name: 'attic',
  capabilities: ['shell'],
  maxParallel: 2,
  labels: { zone: 'a' },
  activeLeases: 1,
  lastSeenAt: new Date().toISOString(),
  registeredAt: new Date().toISOString(),
  state: 'active',
  live: true,
  ...fields,
})

/** A coordinator with these hosts; the changes are answered with `changed`, and what follows them with the states in turn. */
async function withHosts(hosts: Host[], changed: Partial<Host> = {}, then: Partial<Host>[] = []) {
  const later = [...then]
  let isChanged = false
  const { url, asked } = await fakeCoordinator(({ method, path }: Asked) => {
    if (!path.startsWith('/v1/hosts')) return { body: { peers: [] } }
    if (method === 'POST') {
      isChanged = true
      return { body: { host: makeHost(changed) } }
    }
    if (isChanged) return { body: { host: makeHost(later.shift()) } }
    const [, id] = /^\/v1\/hosts\/([^?]+)/.exec(path) ?? []
    if (id === undefined) return { body: { hosts } }
    const host = hosts.find((one) => one.id === id)
    return host ? { body: { host } } : { status: 404, body: problem('not_found', `host ${id} is not registered`) }
  })
  return { asked, run: (...words: string[]) => runInProcess(['hosts', ...words, '--url', url]) }
}

const changes = (asked: readonly Asked[]) =>
  asked.filter(({ method }) => method === 'POST').map(({ path, body }) => [path, body])

test.each(['pause', 'resume', 'drain'])(
  'hosts %s takes an id or a name, and prints what became of the host',
  async (word) => {
    const { asked, run } = await withHosts([makeHost()], { state: 'paused' })
    for (const named of ['h1', 'attic']) {
      expect(await run(word, named)).toEqual({ code: 0, stdout: 'h1 attic paused\n', stderr: '' })
    }
    expect(changes(asked)).toEqual([
      [`/v1/hosts/h1/${word}`, {}],
      [`/v1/hosts/h1/${word}`, {}],
    ])
  },
)

test('a name that nobody has, and one that two have, are errors that say what to do', async () => {
  const { asked, run } = await withHosts([makeHost(), makeHost({ id: 'h2' })])
  const unknown = await run('pause', 'no such host')
  expect(unknown).toMatchObject({ code: 1, stdout: '' })
  expect(unknown.stderr).toContain('there is no host no such host; "skyclaw hosts list" shows what there is')
  const ambiguous = await run('pause', 'attic')
  expect(ambiguous.stderr).toContain('2 hosts have the name attic; say which one by its id: h1, h2')
  expect(changes(asked)).toEqual([])
})

test('hosts drain --wait waits until nothing runs there any more', async () => {
  const { asked, run } = await withHosts([makeHost()], { state: 'draining' }, [
    { state: 'draining' },
    { state: 'drained' },
  ])
  const { code, stdout } = await run('drain', 'h1', '--deadline-ms', '60000', '--wait')
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'h1 attic drained\n' })
  expect(changes(asked)).toEqual([['/v1/hosts/h1/drain', { deadlineMs: 60_000 }]])
})

test('hosts drain --wait ends when somebody resumes the host', async () => {
  const { run } = await withHosts([makeHost()], { state: 'draining' }, [{ state: 'active' }])
  const { code, stderr } = await run('drain', 'h1', '--wait')
  expect(code).toBe(1)
  expect(stderr).toContain('host h1 is active by now')
})

test('hosts show and hosts list tell the state of a host, and that nobody hears it', async () => {
  const { run } = await withHosts([
    makeHost({ state: 'drained' }),
    makeHost({ id: 'h2', live: false, state: 'paused' }),
  ])
  expect((await run('show', 'h1')).stdout).toMatch(/^state +drained$/m)
  expect((await run('show', 'h2')).stdout).toMatch(/^state +lost, and to be paused$/m)
  const { stdout } = await run('list')
  expect(stdout).toMatch(/^h1 +attic +drained/m)
  expect(stdout).toMatch(/^h2 +attic +lost/m)
  expect(JSON.parse((await run('show', 'h1', '--json')).stdout)).toMatchObject({ host: { id: 'h1', state: 'drained' } })
})
