import type { PolicyAnswer, PolicyRule } from '@skyclaw/host'
import { plainLine } from './plain-text.ts'
import type { Style } from './style.ts'
import { renderFields, renderTable } from './table.ts'

/** Whether a command would run, by which rule and with which bounds; or why not. */
export function renderAnswer(answer: PolicyAnswer, style: Style): string {
  if ('reason' in answer) return `${style.red('refused')} with ${answer.exitCode}: ${plainLine(answer.reason)}\n`
  const { rule, file, folder, limits } = answer
  const fields = [
    ['rule', rule],
    ['file', file],
    ['folder', folder],
    ['limits', limitsText(limits)],
  ] as const
  return `${style.green('runs')}\n${renderFields(fields, style)}`
}

/** The rules of a policy file that is right, and of the allowlist beside it. */
export function renderRules(policyFile: string, rules: readonly PolicyRule[], style: Style): string {
  const right = `${plainLine(policyFile)} is right.\n`
  if (rules.length === 0) return `${right}It allows no command.\n`
  const table = renderTable(
    [
      { title: 'COMMAND', text: ({ command }) => command },
      {
        title: 'FILE',
        text: ({ file }) => file ?? 'not found',
        paint: ({ file }) => (file === undefined ? style.red : (text) => text),
      },
      { title: 'ENV', text: ({ env }) => listText(env, 'not protected', 'none'), dispensable: 2 },
      { title: 'ROOTS', text: ({ roots }) => listText(roots, 'anywhere', 'anywhere'), dispensable: 3 },
      { title: 'LIMITS', text: ({ limits }) => limitsText(limits), dispensable: 1 },
      { title: 'RULE', text: ({ rule }) => rule },
      { title: 'ARGS', text: ({ forms }) => listText(forms, 'any', 'none') },
    ],
    rules,
    style,
  )
  return right + table
}

function listText(entries: readonly string[] | undefined, undefinedText: string, emptyText: string): string {
  if (entries === undefined) return undefinedText
  return entries.length === 0 ? emptyText : entries.join(' ')
}

const sizes = { TiB: 2 ** 40, GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10, TB: 1e12, GB: 1e9, MB: 1e6, kB: 1e3, B: 1 }
const times = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }
const counts = { '': 1 }

const names = {
  memoryBytes: ['memory', sizes],
  cpuMs: ['cpu', times],
  timeoutMs: ['time', times],
  openFiles: ['openFiles', counts],
  processes: ['processes', counts],
  outputBytes: ['output', sizes],
} as const

/** As the policy file would have them. */
function limitsText(limits: PolicyRule['limits']): string {
  const entries = Object.entries(limits) as [keyof typeof names, number][]
  const texts = entries.map(([key, value]) => `${names[key][0]}=${exactly(value, names[key][1])}`)
  return texts.join(' ') || 'none'
}

/** In the first unit that leaves no rest. */
function exactly(value: number, units: Readonly<Record<string, number>>): string {
  const [unit = '', factor = 1] = Object.entries(units).find(([, each]) => value % each === 0) ?? []
  return `${value / factor}${unit}`
}
