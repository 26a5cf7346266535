import { jsonFlag } from '../arguments/flag.ts'
import { defineCommand } from '../command.ts'
import { examine } from '../doctor/examine.ts'
import { checkWork } from '../doctor/check-work.ts'
import { lookAtWork } from '../doctor/look-at-work.ts'
import { createLook } from '../doctor/look.ts'
import { toClientOptions } from '../environment.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderFindings } from '../render/findings.ts'
import { clientSettings } from './client-settings.ts'

/** What a sweep of the coordinators settles by itself is settled by then. */
const times = { patienceMs: 6_000, intervalMs: 500 }

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Ask every coordinator, say what is wrong and what to do. Exit code 0 only when all is well',
  flags: { json: { ...jsonFlag.json, description: 'Print the findings, and what was seen, as JSON' } },
  settings: clientSettings,
  follows: true,
  examples: ['doctor', 'doctor --urls http://10.0.0.5:8787,http://10.0.0.6:8787'],
  async run({ io, settings, client, clientOf, values, style }) {
    const { coordinators: configured, learn } = toClientOptions(settings)
    const admit = (urls: readonly string[]) => {
      if (!learn) return []
      const all = client()
      all.learnCoordinators(urls)
      return urls.filter((url) => all.coordinators.includes(url))
    }
    const look = createLook({ configured, clientOf, admit, now: () => io.now() })
    const examination = await examine(look, times, async (url) => {
      const work = await lookAtWork(clientOf(url))
      return work ? checkWork(work, io.now()) : []
    })
    const { ok, findings } = examination
    io.stdout.write(values.has('json') ? `${JSON.stringify(examination, null, 2)}\n` : renderFindings(findings, style))
    return ok ? exitCodes.ok : exitCodes.failure
  },
})
