import type { Host } from '@skyclaw/protocol'
import { expect, test } from 'vitest'
import { makeJob } from '../../test/job-fixture.ts'
import { checkWork } from './check-work.ts'

const now = Date.parse('2026-11-22T10:00:30.000Z')

function hostOf(name: string, capabilities: string[], more: Partial<Host> = {}): Host {
  return {
    ...{ id: name, name, capabilities, maxParallel: 1, labels: {}, activeLeases: 0, state: 'active', live: true },
    ...{ lastSeenAt: '2026-11-22T10:00:29.000Z', registeredAt: '2026-11-22T09:00:00.000Z' },
    ...more,
  }
}

const wants = (...requiredCapabilities: string[]) => ({ requirement: { requiredCapabilities } })

test('jobs that a live host fits, or whose time has not come, are no finding', () => {
  const queued = [makeJob(wants('shell')), makeJob({ ...wants('gpu'), runAt: '2026-11-22T11:00:00.000Z' })]
  expect(checkWork({ hosts: [hostOf('attic', ['shell'])], queued }, now)).toEqual([
    { check: 'work', level: 'ok', message: '1 host is live' },
  ])
  expect(checkWork({ hosts: [], queued: [] }, now)).toEqual([])
})

test('jobs that no host can run are one problem for each requirement', () => {
  const zone = { requirement: { requiredCapabilities: ['shell'], labels: { zone: 'attic' } } }
  const queued = [makeJob({ id: 'j1', ...wants('gpu', 'shell') }), makeJob({ id: 'j2', ...wants('gpu', 'shell') })]
  const findings = checkWork(
    { hosts: [hostOf('x', ['shell'])], queued: [...queued, makeJob({ id: 'j3', ...zone })] },
    now,
  )
  expect(findings.map(({ level, message }) => `${level} ${message}`)).toEqual([
    'problem 2 jobs wait, such as j1, for a host with gpu, shell, and there is none',
    'problem job j3 waits for a host with shell, zone=attic, and there is none',
  ])
  for (const { remedy } of findings) expect(remedy).toMatch(/\w/)
})

test('jobs whose only live host takes none name it, and what it does', () => {
  const hosts = [hostOf('cellar', ['gpu'], { live: false }), hostOf('attic', ['gpu'], { state: 'paused' })]
  const [finding] = checkWork({ hosts, queued: [makeJob({ id: 'j1', ...wants('gpu') })] }, now)
  expect(finding).toMatchObject({
    message: 'job j1 waits for a host with gpu; attic is one, and is paused',
    remedy: 'have it take jobs again with "skyclaw hosts resume attic", or start another',
  })
})

test('jobs whose only host is lost name it', () => {
  const lost = hostOf('attic', ['gpu'], { live: false, lastSeenAt: '2026-11-22T09:55:30.000Z' })
  const [finding] = checkWork({ hosts: [lost], queued: [makeJob({ id: 'j1', ...wants('gpu') })] }, now)
  expect(finding).toMatchObject({
    message: 'job j1 waits for a host with gpu; attic is one, last heard 5m ago',
    remedy: 'start attic again, or another host with gpu',
  })
})
