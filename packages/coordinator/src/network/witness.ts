import type { Sighting } from '@skyclaw/protocol'
import type { Process } from './sightings.ts'

/** What another coordinator said to one that starts. */
export interface Testimony {
  readonly url: string
  readonly seen: Sighting
  /** The process that answered where the same instance was seen, when it was asked. */
  readonly there?: Pick<Process, 'instance' | 'boot'> | undefined
}

/** Why a coordinator must not go on under its instance id. `reason` is part of a sentence. */
export interface Verdict {
  readonly kind: 'copy' | 'forgotten'
  readonly reason: string
}

/**
 * Whether a coordinator must become a new instance: because its database is the copy of another, since somebody saw that instance at
 * a higher turn than the file knows, or it answers elsewhere right now; or because an operator had the instance forgotten. A copy
 * that nobody saw the original of is not noticed.
 */
export function judgeInstance(self: Process, testimonies: readonly Testimony[]): Verdict | undefined {
  for (const { url, seen, there } of testimonies) {
    if (seen.forgotten) return { kind: 'forgotten', reason: `${url} was told to forget this instance` }
    if (seen.turn > self.turn) {
      const reason = `${url} saw turn ${seen.turn} of this instance, and the file knows ${self.turn}`
      return { kind: 'copy', reason }
    }
    if (there?.instance === self.instance && there.boot !== self.boot) {
      return { kind: 'copy', reason: `the same instance answers at ${seen.url ?? url}` }
    }
  }
  return undefined
}
