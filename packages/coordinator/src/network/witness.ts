import type { Sighting } from '@skyclaw/protocol'
import type { Process } from './sightings.ts'

/** What another coordinator said to one that starts. */
export interface Testimony {
  readonly url: string
  readonly seen: Sighting
  /** The process that answered where the same instance was seen, when it was asked. */
  readonly there?: Pick<Process, 'instance' | 'boot'> | undefined
}

/**
 * Whether the database of a coordinator that starts is the copy of another: somebody saw that instance at a higher turn than the file
 * knows, or it answers elsewhere right now. Answers the reason as part of a sentence, or undefined. A copy that nobody saw the
 * original of is not noticed.
 */
export function judgeCopy(self: Process, testimonies: readonly Testimony[]): string | undefined {
  for (const { url, seen, there } of testimonies) {
    if (seen.turn > self.turn) return `${url} saw turn ${seen.turn} of this instance, and the file knows ${self.turn}`
    if (there?.instance === self.instance && there.boot !== self.boot) {
      return `the same instance answers at ${seen.url ?? url}`
    }
  }
  return undefined
}
