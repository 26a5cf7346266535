import { limits } from '@skyclaw/protocol'
import type { OpenclawLook } from './openclaw-version.ts'
import type { CommandPolicy } from './run/policy.ts'

/** What a host says of itself when it registers. */
export interface Offer {
  readonly capabilities: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/**
 * What the host offers: the configured capabilities, or those it has by itself. `shell` is offered only when some command
 * is allowed, `openclaw` only when its command answers, configured or not: a job that claims them would only be refused.
 * The warnings are sentences about what was asked for and cannot be offered.
 */
export function offeredCapabilities(
  configured: readonly string[] | undefined,
  policy: Pick<CommandPolicy, 'allowsShell' | 'openclaw'>,
  look?: OpenclawLook,
): { capabilities: string[]; warnings: string[] } {
  const trouble = [look, policy.openclaw].find(
    (found): found is Extract<typeof found, { reason: string }> => found !== undefined && 'reason' in found,
  )
  const has = { shell: policy.allowsShell, openclaw: trouble === undefined }
  const wanted = configured ?? ['shell', 'openclaw'].filter((name) => has[name as keyof typeof has])
  const names = new Set(wanted.map(normal).filter((name) => name !== ''))
  const warnings: string[] = []
  if (names.has('shell') && !has.shell) {
    warnings.push('shell is not offered: neither SKYCLAW_ALLOWED_COMMANDS nor a policy file allows a command')
  }
  if (!names.has('shell') && has.shell) {
    warnings.push('shell is not offered: SKYCLAW_CAPABILITIES does not name it, so no job runs the allowed commands')
  }
  // A command that is there and does not answer is worth a word, also when nobody asked for it.
  const isThere = !('reason' in policy.openclaw)
  if (trouble && (names.has('openclaw') || (configured === undefined && isThere))) {
    warnings.push(`openclaw is not offered: ${trouble.reason}`)
  }
  const capabilities = [...names].filter((name) => has[name as keyof typeof has] ?? true)
  return { capabilities: capabilities.toSorted(), warnings }
}

/** Whether OpenClaw is to be looked at. */
export function wantsOpenclaw(configured: readonly string[] | undefined): boolean {
  return configured === undefined || configured.map(normal).includes('openclaw')
}

/** The operator's labels, and the version of OpenClaw unless they have one or there is no room. */
export function offeredLabels(
  configured: Readonly<Record<string, string>>,
  look: OpenclawLook | undefined,
): Readonly<Record<string, string>> {
  const isFull = Object.keys(configured).length >= limits.labels
  if (!look || 'reason' in look || look.version === undefined) return configured
  if (isFull || Object.hasOwn(configured, 'openclaw')) return configured
  return { ...configured, openclaw: look.version }
}

function normal(name: string): string {
  return name.trim().toLowerCase()
}
