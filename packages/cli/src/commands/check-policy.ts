import { UsageError } from '../arguments/usage-error.ts'
import type { Flags } from '../arguments/flag.ts'
import type { Context } from '../command.ts'
import { toHostOptions } from '../environment.ts'
import { exitCodes } from '../exit-codes.ts'
import { plainLine } from '../render/plain-text.ts'
import { renderAnswer, renderRules } from '../render/policy.ts'
import { envName } from '../settings/checks.ts'
import { withFlags } from '../settings/settings.ts'

export const checkPolicyFlags = {
  'check-policy': {
    type: 'string',
    valueHint: 'FILE',
    description:
      'Start nothing: say whether a host with this policy file would run the command that follows, or what rules it has',
  },
  cwd: { type: 'string', valueHint: 'DIR', description: 'With --check-policy: the working directory of the job' },
  env: {
    type: 'string',
    valueHint: 'KEY=VALUE',
    repeatable: true,
    description: 'With --check-policy: a variable of the job',
  },
} as const satisfies Flags

/** Whether the command line asks for a check and no host. Throws a UsageError for what goes with a check only. */
export function asksForCheck({ values, wrapped }: Context): boolean {
  if (values.has('check-policy')) return true
  const [word] = wrapped
  if (word !== undefined) throw new UsageError(`${word} is one word too many`)
  for (const name of ['cwd', 'env'])
    if (values.has(name)) throw new UsageError(`--${name} goes with --check-policy only`)
  return false
}

/** Answers 0 when the file is right and the command, if there is one, would run; else 1. */
export async function checkPolicyFile(context: Context): Promise<number> {
  const { io, values, wrapped, style } = context
  const policyFile = values.string('check-policy') ?? ''
  const { checkPolicy, PolicyFileError } = await import('@skyclaw/host')
  const settings = withFlags(context.settings, { policyFile: [policyFile] })
  const env = values.pairs('env', envName)
  const cwd = values.string('cwd')
  try {
    const { coordinators: _, ...options } = toHostOptions(settings)
    const check = checkPolicy({ ...options, ...(io.env && { environment: io.env }) })
    const [command, ...args] = wrapped
    if (command === undefined) {
      if (cwd !== undefined || values.has('env')) throw new UsageError('the command is missing')
      io.stdout.write(renderRules(policyFile, check.rules, style))
      return exitCodes.ok
    }
    const answer = await check.ask({ command, args, env, ...(cwd !== undefined && { cwd }) })
    io.stdout.write(renderAnswer(answer, style))
    return 'reason' in answer ? exitCodes.failure : exitCodes.ok
  } catch (error) {
    if (!(error instanceof PolicyFileError)) throw error
    for (const problem of error.problems) io.stderr.write(`skyclaw: ${plainLine(problem)}\n`)
    return exitCodes.failure
  }
}
