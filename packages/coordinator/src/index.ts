export { type CoordinatorOptions } from './options.ts'
export { coordinator, type Skyclaw } from './plugin.ts'
