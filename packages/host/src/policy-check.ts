import { type HostOptions, resolveHostOptions } from './options.ts'
import { type Admitting, admit } from './run/admit.ts'
import type { JobLimits } from './run/launch.ts'
import type { Refusal } from './run/permit.ts'
import type { CommandPolicy } from './run/policy.ts'
import { formText } from './run/policy-file/argument-form.ts'
import { policyOf, runSettings } from './run-settings.ts'

/** A rule by which this machine would run a command. */
export interface PolicyRule {
  /** `SKYCLAW_ALLOWED_COMMANDS`, or the policy file and line. */
  readonly rule: string
  readonly command: string
  /** The file it stands for; undefined when there is none. */
  readonly file: string | undefined
  /** The forms that its arguments may have; undefined: any. */
  readonly forms: readonly string[] | undefined
  /** Names, and beginnings of names, that jobs may set; undefined: any that is not protected. */
  readonly env: readonly string[] | undefined
  /** None: anywhere. */
  readonly roots: readonly string[]
  readonly limits: JobLimits
}

/** What a shell job is about. */
export interface PolicyQuestion {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Whether a job would run, and by which rule; or why not, with the exit code that the job would have. */
export type PolicyAnswer =
  | { readonly rule: string; readonly file: string; readonly folder: string; readonly limits: JobLimits }
  | Refusal

/** What a host with these options would run, at this moment. */
export interface PolicyCheck {
  readonly rules: readonly PolicyRule[]
  ask(question: PolicyQuestion): Promise<PolicyAnswer>
}

/**
 * Reads the rules that a host with these options would have. Starts nothing and asks no coordinator. Throws a `HostError`, as the
 * start of the host would, for an option or a policy file that is wrong.
 */
export function checkPolicy(hostOptions: Omit<HostOptions, 'coordinators'>): PolicyCheck {
  const options = resolveHostOptions({ ...hostOptions, coordinators: [] })
  const policy = policyOf(options)
  return {
    rules: rulesOf(policy, options.allowedCommands),
    ask: (question) => ask(policy, runSettings(options), question),
  }
}

async function ask(policy: CommandPolicy, host: Admitting, question: PolicyQuestion): Promise<PolicyAnswer> {
  const { command, args, cwd, env } = question
  const permit = policy.decide({ command, args })
  if ('reason' in permit) return permit
  const admitted = await admit(host, permit, { ...(cwd !== undefined && { cwd }), ...(env !== undefined && { env }) })
  if ('reason' in admitted) return admitted
  const { executable, folder, limits } = admitted
  admitted.close()
  return { rule: permit.rule, file: executable.path, folder: folder.path, limits }
}

function rulesOf(policy: CommandPolicy, allowedCommands: readonly string[]): PolicyRule[] {
  const { file } = policy
  const named = new Set(file?.rules.map(({ command }) => command))
  const bounds = file?.bounds ?? { env: undefined, roots: [], limits: {} }
  const allowed = [...new Set(allowedCommands.map((command) => command.trim()))]
  const rules = [
    ...(file?.rules ?? []).map((rule) => ({ ...rule, rule: `${file?.file}:${rule.line}` })),
    ...allowed
      .filter((command) => command !== '' && !named.has(command))
      .map((command) => ({ ...bounds, command, forms: undefined, rule: 'SKYCLAW_ALLOWED_COMMANDS' })),
  ]
  return rules.map(({ rule, command, forms, env, roots, limits }) => ({
    rule,
    command,
    file: policy.fileOf(command),
    forms: forms?.map(formText),
    env: env?.entries,
    roots,
    limits,
  }))
}
