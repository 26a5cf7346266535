import { limits, type OpenclawResult } from '@skyclaw/protocol'

/** What may be left out of an answer that is too long, in this order. */
const dispensable = ['toolSummary', 'usage', 'final'] as const

/**
 * OpenClaw's answer in a size in which its job's record still travels between coordinators: what it used and did has no form that could
 * be bounded field by field. What is left out of a longer one is in the attempt's output.
 */
export function fitOpenclaw(answer: OpenclawResult): OpenclawResult {
  const kept = { ...answer }
  for (const name of dispensable) {
    if (JSON.stringify(kept).length <= limits.outputBytes) break
    delete kept[name]
  }
  return kept
}
