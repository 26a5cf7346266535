import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@skyclaw/client'
import { withSystem } from '../run/with-system.ts'
import type { AbsoluteScenario } from '../scenario.ts'
import { skyclawDurability, startCoordinators, token } from '../systems/skyclaw.ts'
import { startHostDaemon } from '../systems/skyclaw-host.ts'

const leaseMs = 20_000
const waitMs = leaseMs + 60_000
const pollMs = 20

export const lostHost: AbsoluteScenario = {
  kind: 'absolute',
  name: 'lost-host',
  title: 'A host is killed with -9: its job starts at another one',
  load: `two host daemons, three nodes, lease of ${leaseMs / 1_000} s`,
  durability: skyclawDurability,
  runs: 3,
  figures: [
    {
      ...{ name: 'restarted', title: 'from the kill to the second start', unit: 's', better: 'less' },
      target: { bar: leaseMs / 1_000 + 5 },
    },
  ],
  measure: (folder) =>
    withSystem(startCoordinators(folder, 3, { SKYCLAW_LEASE_MS: String(leaseMs) }), async ({ urls }) => {
      // Tells the processes of this run's job from all others: they outlive their daemons, and have to be ended.
      const seconds = `600.${process.pid}${Math.trunc(performance.now())}`
      const first = await startHostDaemon(folder, 'first', [urls[1]!], ['sleep'])
      const client = createClient({ coordinators: [urls[0]!], token, learn: false })
      try {
        const { id } = await client.jobs.enqueue({ kind: 'shell', command: 'sleep', args: [seconds] })
        await until('the job runs', async () => pidsOf(seconds).length === 1)
        return await withSystem(startHostDaemon(folder, 'second', [urls[2]!], ['sleep']), async (second) => {
          const killedAt = performance.now()
          await first.stop('SIGKILL')
          await until('the job runs again', async () => pidsOf(seconds).length === 2)
          const restarted = (performance.now() - killedAt) / 1_000
          const { attempts } = await client.jobs.get(id)
          if (attempts !== 2) throw new Error(`the job is at attempt ${attempts}, not at its second`)
          await second.stop('SIGKILL')
          return { restarted }
        })
      } finally {
        for (const pid of pidsOf(seconds)) process.kill(pid, 'SIGKILL')
        await first.stop('SIGKILL')
        await client.close()
      }
    }),
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + waitMs
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited ${waitMs / 1_000} s until ${what}`)
    await sleep(pollMs)
  }
}

function pidsOf(seconds: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.filter((pid) => commandLine(pid) === `sleep\0${seconds}\0`).map(Number)
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/^[^\0]*\//, '')
  } catch {
    return ''
  }
}
