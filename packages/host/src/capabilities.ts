import type { CommandPolicy } from './run/policy.ts'

export interface Offer {
  capabilities: string[]
  /** Sentences about what was asked for and cannot be offered. */
  warnings: string[]
}

/**
 * What the host offers: the configured capabilities, or those it has by itself. `shell` is offered only when some command
 * is allowed, `openclaw` only when its command is there, configured or not: a job that claims them would only be refused.
 */
export function offeredCapabilities(configured: readonly string[] | undefined, policy: CommandPolicy): Offer {
  const has = { shell: policy.allowsShell, openclaw: 'file' in policy.openclaw }
  const wanted = configured ?? ['shell', 'openclaw'].filter((name) => has[name as keyof typeof has])
  const names = new Set(wanted.map((name) => name.trim().toLowerCase()).filter((name) => name !== ''))
  const warnings: string[] = []
  if (names.has('shell') && !has.shell) {
    warnings.push('shell is not offered: SKYCLAW_ALLOWED_COMMANDS allows no command')
  }
  if (!names.has('shell') && has.shell) {
    warnings.push('shell is not offered: SKYCLAW_CAPABILITIES does not name it, so no job runs the allowed commands')
  }
  if (names.has('openclaw') && 'reason' in policy.openclaw) {
    warnings.push(`openclaw is not offered: ${policy.openclaw.reason}`)
  }
  const capabilities = [...names].filter((name) => has[name as keyof typeof has] ?? true)
  return { capabilities: capabilities.toSorted(), warnings }
}
