export { type CoordinatorOptions } from './options.ts'
export { coordinator } from './plugin.ts'
export { type Skyclaw } from './skyclaw.ts'
