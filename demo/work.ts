import type { BatchJob, SkyclawClient } from '@skyclaw/client'

/** The job during which its host is killed. */
export const interrupted = 'work of 3 s'

const shell = (command: string, ...args: string[]): BatchJob => ({ payload: { kind: 'shell', command, args } })

const jobs: Record<string, BatchJob> = {
  'say hello': shell('echo', 'hello from Skyclaw'),
  'name the system': shell('uname', '-sm'),
  'count lines': { payload: { kind: 'shell', command: 'wc', args: ['-l'], stdin: 'one\ntwo\nthree\n' } },
  'run a shell script': shell('sh', '-c', 'for i in 1 2 3; do printf "%s " $i; sleep 0.2; done'),
  'ask OpenClaw': { payload: { kind: 'openclaw-run', args: ['--version'] } },
  [interrupted]: { ...shell('sh', '-c', 'sleep 3; echo finished'), maxLeaseLosses: 3 },
}

/** What hosts must allow for these jobs. */
export const allowedCommands = 'echo,uname,wc,sh'

/** Enqueues all jobs in one request. Gives the title of each id. */
export async function enqueueAll(client: SkyclawClient): Promise<Map<string, string>> {
  const titles = Object.keys(jobs)
  const results = await client.jobs.enqueueBatch(Object.values(jobs))
  return new Map(
    results.map(({ job, problem }, index) => {
      if (!job) throw new Error(`"${titles[index]}" was refused: ${problem?.detail}`)
      return [job.id, titles[index] ?? '']
    }),
  )
}
