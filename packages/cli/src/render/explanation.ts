import type { ResponseOf, Routes } from '@skyclaw/protocol'
import { plainText } from './plain-text.ts'
import type { Style } from './style.ts'
import { renderTable } from './table.ts'

/** Why a job does not run: the sentence, and a line for each host. */
export function renderExplanation({ summary, hosts }: ResponseOf<Routes['explainJob']>, style: Style): string {
  const sentence = `${plainText(summary)}\n`
  if (hosts.length === 0) return sentence
  const table = renderTable(
    [
      { title: 'HOST', text: ({ hostId }) => hostId },
      { title: 'NAME', text: ({ name }) => name, dispensable: 1 },
      {
        title: 'WHY NOT',
        text: ({ reason }) => reason ?? 'nothing keeps it from there',
        paint: ({ reason }) => (reason === undefined ? style.green : style.yellow),
      },
    ],
    hosts,
    style,
  )
  return `${sentence}\n${table}`
}
