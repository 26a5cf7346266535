import { type Static, Type } from '@sinclair/typebox'
import { Capabilities, closed, Labels, NormalCapabilities } from './schema.ts'

/** What a job asks of a host: every capability named, and every label with the same value. */
export const Requirement = closed({
  requiredCapabilities: Type.Optional(Capabilities),
  labels: Type.Optional(Labels),
})
export type Requirement = Static<typeof Requirement>

/** The same as a job keeps it: in normal form, with the capability that the payload implies. */
export const NormalRequirement = closed({
  requiredCapabilities: Type.Optional(NormalCapabilities),
  labels: Type.Optional(Labels),
})
