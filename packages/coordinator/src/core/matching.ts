import type { Payload, Requirement } from '@skyclaw/protocol'
import { createHash } from 'node:crypto'

/** What a host offers. */
export interface Offer {
  readonly capabilities: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/** A requirement in its one normal form, and the hash that stands for it. */
export interface NormalRequirement {
  readonly requirement: Requirement
  readonly key: string
}

/** Trimmed, lower case, sorted, unique; empty names are dropped. */
export function normaliseCapabilities(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.trim().toLowerCase()).filter((name) => name !== ''))].toSorted()
}

/** The capability that a payload needs even when its requirement names none. */
function impliedCapability(payload: Payload): string {
  return payload.kind === 'shell' ? 'shell' : 'openclaw'
}

/** Requirements that mean the same get the same key: jobs with one key can be run by the same hosts. */
export function normaliseRequirement(requirement: Requirement | undefined, payload: Payload): NormalRequirement {
  const requiredCapabilities = normaliseCapabilities([
    ...(requirement?.requiredCapabilities ?? []),
    impliedCapability(payload),
  ])
  const labels = Object.entries(requirement?.labels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const key = createHash('sha256')
    .update(JSON.stringify([requiredCapabilities, labels]))
    .digest('hex')
  return {
    key,
    requirement: { requiredCapabilities, ...(labels.length > 0 && { labels: Object.fromEntries(labels) }) },
  }
}

/** Whether a host has every capability and every label that is asked for. */
export function satisfies(offer: Offer, requirement: Requirement): boolean {
  const has = (capability: string) => offer.capabilities.includes(capability)
  if (!(requirement.requiredCapabilities ?? []).every(has)) return false
  return Object.entries(requirement.labels ?? {}).every(
    ([name, value]) => Object.hasOwn(offer.labels, name) && offer.labels[name] === value,
  )
}
