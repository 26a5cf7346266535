import { defineGroup, type Group } from '../command.ts'
import { version } from '../version.ts'
import { backup } from './backup.ts'
import { completionOf } from './completion.ts'
import { coordinator } from './coordinator.ts'
import { doctor } from './doctor.ts'
import { enqueueOpenclaw } from './enqueue-openclaw.ts'
import { enqueueShell } from './enqueue-shell.ts'
import { health } from './health.ts'
import { host } from './host.ts'
import { hostsList } from './hosts/list.ts'
import { jobsCancel } from './jobs/cancel.ts'
import { jobsLogs } from './jobs/logs.ts'
import { jobsList } from './jobs/list.ts'
import { jobsShow } from './jobs/show.ts'
import { jobsWait } from './jobs/wait.ts'
import { peersForget } from './peers/forget.ts'
import { peersList } from './peers/list.ts'
import { restore } from './restore.ts'
import { run } from './run.ts'
import { state } from './state.ts'
import { up } from './up.ts'

const jobs = defineGroup(
  'jobs',
  'See, wait for and cancel jobs',
  { list: jobsList, show: jobsShow, logs: jobsLogs, wait: jobsWait, cancel: jobsCancel },
  ['jobs list --status queued', 'jobs show JOB', 'jobs logs -f JOB', 'jobs wait JOB', 'jobs cancel JOB'],
)

const hosts = defineGroup('hosts', 'See the hosts', { list: hostsList }, ['hosts list'])
const peers = defineGroup('peers', 'See the coordinators, and forget one', { list: peersList, forget: peersForget }, [
  'peers list',
  'peers forget node-b',
])

/** All commands. */
export const root: Group = {
  ...defineGroup(
    'skyclaw',
    'A durable queue of shell and OpenClaw jobs over your own machines',
    {
      up,
      coordinator,
      host,
      'enqueue-shell': enqueueShell,
      'enqueue-openclaw': enqueueOpenclaw,
      run,
      jobs,
      hosts,
      peers,
      health,
      doctor,
      state,
      backup,
      restore,
      completion: completionOf(() => root),
    },
    [
      'up',
      'run -- echo hello',
      'enqueue-shell bash -lc "echo hello"',
      'enqueue-openclaw --message "Summarise today\'s news"',
      'jobs list',
    ],
  ),
  meta: { name: 'skyclaw', version, description: 'A durable queue of shell and OpenClaw jobs over your own machines' },
}
