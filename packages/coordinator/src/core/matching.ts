import type { Payload, Requirement } from '@skyclaw/protocol'
import { hash } from 'node:crypto'

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

/** Forms that are kept, and the length of the texts that they are kept by: much work asks for the same few things. */
const maxKeptForms = 1_000
const maxKeptChars = 512
const keptForms = new Map<string, NormalRequirement>()

/** Requirements that mean the same get the same key: jobs with one key can be run by the same hosts. */
export function normaliseRequirement(requirement: Requirement | undefined, payload: Payload): NormalRequirement {
  const implied = impliedCapability(payload)
  const text = requirement === undefined ? implied : implied + JSON.stringify(requirement)
  const kept = keptForms.get(text)
  if (kept) return kept
  const form = normalForm(requirement, implied)
  if (keptForms.size >= maxKeptForms) keptForms.clear()
  if (text.length <= maxKeptChars) keptForms.set(text, form)
  return form
}

function normalForm(requirement: Requirement | undefined, implied: string): NormalRequirement {
  const requiredCapabilities = normaliseCapabilities([...(requirement?.requiredCapabilities ?? []), implied])
  const labels = Object.entries(requirement?.labels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    key: hash('sha256', JSON.stringify([requiredCapabilities, labels])),
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
