import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The ratios that the short version of the benchmark is held against, and where they come from. */
export interface References {
  /** Of ours, that was measured. */
  readonly commit: string
  readonly takenAt: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly kernel: string; readonly node: string }
  /** By the scenario's name. */
  readonly ratios: Readonly<Record<string, number>>
}

const file = join(import.meta.dirname, '../references.json')

export function readReferences(): References {
  return JSON.parse(readFileSync(file, 'utf8')) as References
}

export function writeReferences(references: References): string {
  writeFileSync(file, `${JSON.stringify(references, undefined, 2)}\n`)
  return file
}
