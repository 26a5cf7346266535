import type { Finding } from '../src/doctor/finding.ts'
import { examine } from '../src/doctor/examine.ts'
import type { Answer } from '../src/doctor/look.ts'
import { type FakeView, healthyNetwork } from './network-fixture.ts'

export const names = ['node-a', 'node-b', 'node-c']
export const clock = { aheadMs: 0, errorMs: 1 }
export const times = { patienceMs: 30, intervalMs: 1 }

/** What the doctor says when the coordinators see themselves so. */
export async function findingsOf(
  spoil: (a: FakeView, b: FakeView, c: FakeView) => void,
  clocks: object[] = [],
): Promise<{ ok: boolean; bad: string[]; findings: readonly Finding[] }> {
  const views = healthyNetwork(names, '2026-11-22T10:00:30.000Z')
  spoil(views[0]!, views[1]!, views[2]!)
  const answers = views.map((view, index): Answer => ({
    url: view.self.url,
    view,
    clock: { ...clock, ...clocks[index] },
  }))
  const examination = await examine(async () => structuredClone(answers), times)
  const bad = examination.findings.filter(({ level }) => level !== 'ok')
  return {
    ok: examination.ok,
    bad: bad.map(({ check, level, message }) => `${level} ${check}: ${message}`),
    findings: examination.findings,
  }
}
