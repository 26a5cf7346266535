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
import { hostsDrain } from './hosts/drain.ts'
import { hostsList } from './hosts/list.ts'
import { hostsPause } from './hosts/pause.ts'
import { hostsResume } from './hosts/resume.ts'
import { hostsShow } from './hosts/show.ts'
import { jobsCancel } from './jobs/cancel.ts'
import { jobsExplain } from './jobs/explain.ts'
import { jobsLogs } from './jobs/logs.ts'
import { jobsList } from './jobs/list.ts'
import { jobsRetry } from './jobs/retry.ts'
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
  'See, wait for, cancel and retry jobs',
  {
    list: jobsList,
    show: jobsShow,
    logs: jobsLogs,
    wait: jobsWait,
    cancel: jobsCancel,
    retry: jobsRetry,
    explain: jobsExplain,
  },
  [
    'jobs list --status queued',
    'jobs show JOB',
    'jobs logs -f JOB',
    'jobs wait JOB',
    'jobs cancel JOB',
    'jobs retry JOB',
    'jobs explain JOB',
  ],
)

const hosts = defineGroup(
  'hosts',
  'See the hosts, and have them take no jobs for a while',
  { list: hostsList, show: hostsShow, pause: hostsPause, resume: hostsResume, drain: hostsDrain },
  ['hosts list', 'hosts show HOST', 'hosts pause HOST', 'hosts drain HOST --wait', 'hosts resume HOST'],
)
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
