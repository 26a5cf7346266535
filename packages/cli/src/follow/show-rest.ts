import { type Job, type LogPlace, logStreams } from '@skyclaw/protocol'
import type { Outputs } from './outputs.ts'

/**
 * Shows what a job's result holds of its output behind `place`: all of it when nothing was shown. Returns whether that is the
 * rest: a result that was cut cannot tell what follows a place.
 */
export async function showRest(outputs: Outputs, job: Job, place: LogPlace, signal: AbortSignal): Promise<boolean> {
  const { result } = job
  if (!result) return place.attempt === 0
  const ended = job.attemptHistory.findLast(({ outcome }) => outcome !== 'lease_lost' && outcome !== 'drained')
  const isShown = ended?.attempt === place.attempt
  let isRest = true
  for (const stream of logStreams) {
    const shown = isShown ? place[stream] : 0
    const bytes = Buffer.from(result[stream])
    if (shown === 0 || result.usage?.[`${stream}Bytes`] === bytes.length) {
      await outputs[stream].write(bytes.subarray(shown), signal)
    } else {
      isRest = false
    }
  }
  return isRest
}
