export { HostError, type HostErrorCode } from './errors.ts'
export { type RunningHost, startHost } from './host.ts'
export type { HostOptions } from './options.ts'
export {
  checkPolicy,
  type PolicyAnswer,
  type PolicyCheck,
  type PolicyQuestion,
  type PolicyRule,
} from './policy-check.ts'
export { PolicyFileError } from './run/policy-file/problems.ts'
