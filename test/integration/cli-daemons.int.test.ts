import { createClient } from '@skyclaw/client'
import { expect, onTestFinished, test } from 'vitest'
import { skyclaw } from '../support/skyclaw.ts'
import { spawnEntry } from '../support/spawn.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

const token = 'test-token'

/** Both daemons as processes, by their apps or by the command. */
const ways = {
  apps: (role: string, cwd: string, env: Record<string, string>) =>
    spawnEntry({ entry: `apps/${role}/src/main.ts`, cwd, env }),
  command: (role: string, cwd: string, env: Record<string, string>) => skyclaw([role], cwd, env),
}

async function startBoth(way: keyof typeof ways, seconds: number) {
  const folder = tempFolder()
  const env = { SKYCLAW_TOKEN: token, SKYCLAW_COORDINATOR_PORT: '0', SKYCLAW_COORDINATOR_HOST: '127.0.0.1' }
  const coordinator = ways[way]('coordinator', folder, env)
  const [, url = ''] = await coordinator.said(/"url":"([^"]+)","standalone":true,"dbPath":"[^"]+coordinator\.db"/)
  const forHost = { SKYCLAW_TOKEN: token, SKYCLAW_COORDINATOR_URL: url, SKYCLAW_ALLOWED_COMMANDS: 'sleep' }
  const host = ways[way]('host', folder, forHost)
  const client = createClient({ coordinators: [url], token })
  onTestFinished(() => client.close())
  const { id } = await client.jobs.enqueue({ kind: 'shell', command: 'sleep', args: [String(seconds)] })
  await until('the job to be at work', async () => (await client.jobs.get(id)).status === 'leased')
  return { coordinator, host, client, id }
}

for (const way of ['apps', 'command'] as const) {
  test(`SIGTERM lets the running job end before the host does, and stops the coordinator in order (${way})`, async () => {
    const { coordinator, host, client, id } = await startBoth(way, 1)
    process.kill(host.pid, 'SIGTERM')
    expect(await host.ended).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(await client.jobs.get(id)).toMatchObject({ status: 'completed', attempts: 1 })
    process.kill(coordinator.pid, 'SIGTERM')
    expect(await coordinator.ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  test(`a second SIGTERM hands the running job back at once (${way})`, async () => {
    const { host, client, id } = await startBoth(way, 60)
    process.kill(host.pid, 'SIGTERM')
    await host.said(/signal/)
    process.kill(host.pid, 'SIGTERM')
    expect(await host.ended).toMatchObject({ code: 0, signal: null })
    const job = await client.jobs.get(id)
    expect(job).toMatchObject({ status: 'queued', attempts: 1, leaseLosses: 0 })
    expect(job.attemptHistory).toMatchObject([{ outcome: 'drained' }])
  })

  test(`wrong settings end the daemons with 1 and one line that names the variable (${way})`, async () => {
    const folder = tempFolder()
    for (const [role, env, named] of [
      ['coordinator', { SKYCLAW_COORDINATOR_HOST: '0.0.0.0' }, 'SKYCLAW_TOKEN'],
      ['coordinator', { SKYCLAW_PEER_URLS: 'node-b' }, 'SKYCLAW_PEER_URLS'],
      ['host', { SKYCLAW_MAX_PARALLEL: 'many' }, 'SKYCLAW_MAX_PARALLEL'],
    ] as const) {
      const { code, stdout, stderr } = await ways[way](role, folder, env).ended
      expect(code).toBe(1)
      expect((stdout + stderr).trim().split('\n')).toEqual([expect.stringContaining(named)])
    }
  })
}
