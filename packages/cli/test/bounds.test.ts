import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCoordinator } from '@skyclaw/coordinator/server'
import { startHost } from '@skyclaw/host'
import { expect, onTestFinished, test } from 'vitest'
import { readEnv, toCoordinatorOptions, toHostOptions } from '../src/environment.ts'
import { variables } from '../src/settings/variables.ts'

/** Every variable that is a number, with the lowest and the highest that its own check says it takes. */
function bounds(): { name: string; least: string; most: string }[] {
  return Object.values(variables).flatMap(({ name, check }) => {
    try {
      check('no number')
      return []
    } catch (error) {
      const [, least, most] = /a whole number from (\d+) to (\d+)/.exec((error as Error).message) ?? []
      return least !== undefined && most !== undefined ? [{ name, least, most }] : []
    }
  })
}

test.each(['least', 'most'] as const)('what the table of variables takes at %s, the daemons take', async (which) => {
  const folder = mkdtempSync(join(tmpdir(), 'skyclaw-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const numbers = bounds().map((bound) => [bound.name, bound[which]] as const)
  expect(numbers.length).toBeGreaterThan(8)
  const settings = readEnv(Object.fromEntries(numbers))
  const coordinator = await startCoordinator({ ...toCoordinatorOptions(settings), dbPath: ':memory:', port: 0 })
  await coordinator.close()
  const host = await startHost({ ...toHostOptions(settings), dir: folder, coordinators: [coordinator.url] })
  await host.stop()
})
