import { type Static, Type } from '@sinclair/typebox'
import { Capabilities, closed, Labels } from './schema.ts'

/** What a job asks of a host: every capability named, and every label with the same value. */
export const Requirement = closed({
  requiredCapabilities: Type.Optional(Capabilities),
  labels: Type.Optional(Labels),
})
export type Requirement = Static<typeof Requirement>
