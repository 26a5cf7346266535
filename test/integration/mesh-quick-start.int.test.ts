import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'
import { coordinatorEntry, serving } from '../support/coordinator.ts'
import { freePort } from '../support/free-port.ts'
import { hostEntry } from '../support/host.ts'
import { skyclaw } from '../support/skyclaw.ts'
import { spawnEntry } from '../support/spawn.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

const token = { SKYCLAW_TOKEN: 'change-me' }

/** A folder with a program of OpenClaw's name, which says what it was asked. */
function openclawFolder(): string {
  const folder = join(tempFolder(), 'bin')
  mkdirSync(folder)
  const file = join(folder, 'openclaw')
  writeFileSync(file, '#!/bin/sh\necho "openclaw was told: $*"\n')
  chmodSync(file, 0o755)
  return folder
}

/** The quick start as it is documented, on two ports that are free. */
async function startTwo() {
  const folder = tempFolder()
  const [a, b] = [await freePort(), await freePort()]
  const start = (name: string, port: number, peerPort: number) =>
    spawnEntry({
      entry: coordinatorEntry,
      cwd: folder,
      env: {
        ...token,
        SKYCLAW_COORDINATOR_NODE_ID: `node-${name}`,
        SKYCLAW_COORDINATOR_PORT: String(port),
        SKYCLAW_PEER_URLS: `http://127.0.0.1:${peerPort}`,
        SKYCLAW_MIN_REPLICATIONS: '2',
        SKYCLAW_DB_PATH: `.skyclaw/node-${name}.db`,
      },
    })
  const coordinators = [start('a', a, b), start('b', b, a)]
  const urls = [`http://127.0.0.1:${a}`, `http://127.0.0.1:${b}`]
  const host = spawnEntry({
    entry: hostEntry,
    cwd: folder,
    env: {
      ...token,
      SKYCLAW_COORDINATOR_URLS: urls.join(','),
      SKYCLAW_CAPABILITIES: 'shell,openclaw',
      SKYCLAW_ALLOWED_COMMANDS: 'openclaw,node,bash,sh',
      SKYCLAW_OPENCLAW_COMMAND: 'openclaw',
      PATH: [openclawFolder(), process.env['PATH']].join(delimiter),
    },
  })
  await Promise.all(coordinators.map(serving))
  await host.said(/"registered"/)
  const at = (url: string, ...words: string[]) =>
    skyclaw(words, folder, { ...token, SKYCLAW_COORDINATOR_URL: url }).ended
  return { urls, at }
}

test('with two coordinators and a host, a job enqueued at either runs and is seen at both', async () => {
  const { urls, at } = await startTwo()
  const [a = '', b = ''] = urls
  const openclaw = await at(a, 'enqueue-openclaw', 'run')
  const shell = await at(b, 'enqueue-shell', 'bash', '-lc', 'echo hello')
  expect([openclaw, shell]).toMatchObject([
    { code: 0, stderr: '' },
    { code: 0, stderr: '' },
  ])
  const ids = [openclaw, shell].map(({ stdout }) => stdout.trim())
  // Each is waited for at the coordinator that it was not enqueued at.
  expect(await at(b, 'jobs', 'wait', ids[0]!)).toMatchObject({ code: 0, stdout: 'openclaw was told: run\n' })
  expect(await at(a, 'jobs', 'wait', ids[1]!)).toMatchObject({ code: 0, stdout: 'hello\n' })
  for (const url of urls) {
    const lines = async () => {
      const { stdout } = await at(url, 'jobs', 'list', '--json')
      const { jobs } = JSON.parse(stdout) as { jobs: { id: string; status: string }[] }
      return jobs.map(({ id, status }) => `${id} ${status}`).toSorted()
    }
    const expected = ids.map((id) => `${id} completed`).toSorted()
    await until(`both jobs to be seen at ${url}`, async () => (await lines()).join() === expected.join())
  }
})
