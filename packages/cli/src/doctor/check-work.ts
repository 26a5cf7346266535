import type { Host, Job } from '@skyclaw/protocol'
import { renderAge } from '../render/time.ts'
import { type Finding, ok, problemOf } from './finding.ts'
import type { Work } from './look-at-work.ts'

/** Requirements that are told of one by one. */
const maxTold = 5

/** Whether there is a live host that takes jobs for each job that waits. */
export function checkWork({ hosts, queued }: Work, nowMs: number): Finding[] {
  const due = queued.filter(({ runAt }) => Date.parse(runAt) <= nowMs)
  const live = hosts.filter((host) => host.live)
  const taking = live.filter(({ state }) => state === 'active')
  const stuck = due.filter((job) => !taking.some((host) => fits(host, job)))
  const groups = new Map<string, Job[]>()
  for (const job of stuck) {
    const need = needOf(job)
    groups.set(need, [...(groups.get(need) ?? []), job])
  }
  if (groups.size === 0) {
    return live.length === 0 ? [] : [ok('work', `${live.length === 1 ? '1 host is' : `${live.length} hosts are`} live`)]
  }
  const told = [...groups].slice(0, maxTold).map(([need, jobs]) => stuckProblem(need, jobs, hosts, nowMs))
  if (groups.size <= maxTold) return told
  const more = `jobs of ${groups.size - maxTold} more requirements wait for a host that fits`
  return [...told, problemOf('work', more, 'compare "skyclaw jobs list --status queued" with "skyclaw hosts list"')]
}

function fits({ capabilities, labels }: Host, { requirement }: Job): boolean {
  const wanted = Object.entries(requirement.labels ?? {})
  return (
    (requirement.requiredCapabilities ?? []).every((name) => capabilities.includes(name)) &&
    wanted.every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value)
  )
}

/** `gpu, shell and zone=attic`, in the one order of a requirement. */
function needOf({ requirement: { requiredCapabilities = [], labels = {} } }: Job): string {
  return [...requiredCapabilities, ...Object.entries(labels).map(([name, value]) => `${name}=${value}`)].join(', ')
}

function stuckProblem(need: string, jobs: readonly Job[], hosts: readonly Host[], nowMs: number): Finding {
  const [first] = jobs as [Job]
  const waiting = jobs.length === 1 ? `job ${first.id} waits` : `${jobs.length} jobs wait, such as ${first.id},`
  const fitting = hosts.filter((host) => fits(host, first))
  const held = fitting.find(({ live }) => live)
  if (held) {
    const message = `${waiting} for a host with ${need}; ${held.name} is one, and is ${held.state}`
    return problemOf(
      'work',
      message,
      `have it take jobs again with "skyclaw hosts resume ${held.id}", or start another`,
    )
  }
  const lost = fitting.toSorted((a, b) => (a.lastSeenAt < b.lastSeenAt ? 1 : -1))
  const [last] = lost
  if (last) {
    const message = `${waiting} for a host with ${need}; ${last.name} is one, last heard ${renderAge(last.lastSeenAt, nowMs)}`
    return problemOf('work', message, `start ${last.name} again, or another host with ${need}`)
  }
  return problemOf(
    'work',
    `${waiting} for a host with ${need}, and there is none`,
    'start a host that offers it (SKYCLAW_CAPABILITIES, SKYCLAW_HOST_LABELS), or cancel with "skyclaw jobs cancel"',
  )
}
