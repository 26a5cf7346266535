import { keysOf } from '../settings/variables.ts'

/** What every command that talks to a coordinator takes. */
export const clientSettings = keysOf('client')
