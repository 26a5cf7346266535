import { type LogStream, logStreams } from '@skyclaw/protocol'
import type { LogName } from './output-log.ts'

/** Job ids may have colons, which not every file system takes; the equals sign they never have. Names that begin with a dot are left out. */
const jobIdPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/
const attemptPattern = /^[1-9]\d{0,8}$/
const segmentPattern = /^(stdout|stderr)\.(0|[1-9]\d{0,15})$/

/** The folder of a job's logs. Throws a RangeError for what is no job id. */
function folderOfJob(jobId: string): string {
  if (!jobIdPattern.test(jobId)) throw new RangeError(`no job can have the id ${JSON.stringify(jobId.slice(0, 200))}`)
  return jobId.replaceAll(':', '=')
}

/** The path of a log below the folder of all. Throws a RangeError for a name that no log can have. */
export function pathOfLog({ jobId, attempt }: LogName): string {
  if (!attemptPattern.test(String(attempt))) throw new RangeError(`no attempt can have the number ${attempt}`)
  return `${folderOfJob(jobId)}/${attempt}`
}

/** The reverse; undefined for folders that are no job's. */
export function jobOfFolder(folder: string): string | undefined {
  const jobId = folder.replaceAll('=', ':')
  return jobIdPattern.test(jobId) && !folder.includes(':') ? jobId : undefined
}

export function attemptOfFolder(folder: string): number | undefined {
  return attemptPattern.test(folder) ? Number(folder) : undefined
}

export function segmentName(stream: LogStream, offset: number): string {
  return `${stream}.${offset}`
}

export function parseSegmentName(name: string): { stream: LogStream; offset: number } | undefined {
  const [, stream, digits] = segmentPattern.exec(name) ?? []
  const offset = Number(digits)
  const known = logStreams.find((candidate) => candidate === stream)
  return known !== undefined && Number.isSafeInteger(offset) ? { stream: known, offset } : undefined
}
