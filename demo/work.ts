import type { BatchJob, SkyclawClient } from '@skyclaw/client'

/** The job during which a coordinator and its host are killed. */
export const interrupted = 'work of 4 s'

const shell = (command: string, ...args: string[]): BatchJob => ({ payload: { kind: 'shell', command, args } })

/** What is to be done at first. */
export const work: Record<string, BatchJob> = {
  'say hello': shell('echo', 'hello from Skyclaw'),
  'name the system': shell('uname', '-sm'),
  'count lines': { payload: { kind: 'shell', command: 'wc', args: ['-l'], stdin: 'one\ntwo\nthree\n' } },
  'run a shell script': shell('sh', '-c', 'for i in 1 2 3; do printf "%s " $i; sleep 0.2; done'),
  'ask OpenClaw': { payload: { kind: 'openclaw-run', args: ['--version'] } },
  [interrupted]: { ...shell('sh', '-c', 'sleep 4; echo finished'), maxLeaseLosses: 3 },
}

/** What is enqueued while a coordinator is down. */
export const moreWork: Record<string, BatchJob> = {
  'work on with two': shell('echo', 'two of three are enough'),
  'and once more': shell('echo', 'nobody was waited for'),
}

/** What hosts must allow for these jobs. */
export const allowedCommands = 'echo,uname,wc,sh'

/** Enqueues jobs in one request. Gives the title of each id. Fails for a job that was acknowledged on fewer disks than `minimum`. */
export async function enqueue(
  client: SkyclawClient,
  jobs: Record<string, BatchJob>,
  minimum: number,
): Promise<Map<string, string>> {
  const titles = Object.keys(jobs)
  const results = await client.jobs.enqueueBatch(Object.values(jobs))
  return new Map(
    results.map(({ job, durability, problem }, index) => {
      const title = titles[index] ?? ''
      if (!job) throw new Error(`"${title}" was refused: ${problem?.detail}`)
      if (durability?.minimum !== minimum || durability.standalone) {
        throw new Error(`"${title}" is on too few disks: ${JSON.stringify(durability)}`)
      }
      return [job.id, title]
    }),
  )
}
