import type { ResponseOf, Routes } from '@skyclaw/protocol'
import { plainLine } from './plain-text.ts'

/** A line for each coordinator that was forgotten, and what comes of it. */
export function renderForgotten({ forgotten, adopted }: ResponseOf<Routes['forgetMember']>, program: string): string {
  const lines = forgotten.map(({ nodeId, instance, url }) => {
    return `forgotten: ${plainLine(nodeId || 'unnamed')}, instance ${plainLine(instance)}, last at ${plainLine(url)}\n`
  })
  const taken =
    adopted === 0
      ? ''
      : `${adopted} ${adopted === 1 ? 'record goes' : 'records go'} on from the latest that a live coordinator knows.\n`
  const next = `All hear of it by gossip, and others keep its records in its place: "${program} peers list" shows how many are left.\n`
  return `${lines.join('')}${taken}${next}If it is started again, it joins as a new instance.\n`
}
