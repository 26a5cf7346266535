import type { Finding } from '../doctor/finding.ts'
import { plainLine } from './plain-text.ts'
import type { Style } from './style.ts'

const width = 'problem'.length

/** What the doctor found, a line each, remedies below; problems last, where they are seen. */
export function renderFindings(findings: readonly Finding[], style: Style): string {
  const paint = { ok: style.green, note: style.yellow, problem: style.red }
  const order = ['ok', 'note', 'problem'] as const
  const lines = order.flatMap((level) =>
    findings
      .filter((finding) => finding.level === level)
      .flatMap(({ message, remedy }) => [
        `${paint[level](level.padEnd(width))}  ${plainLine(message)}`,
        ...(remedy === undefined ? [] : [`${' '.repeat(width)}  ${style.dim(`-> ${plainLine(remedy)}`)}`]),
      ]),
  )
  const problems = findings.filter(({ level }) => level === 'problem').length
  const sum = problems === 0 ? 'All is well.' : `${problems} ${problems === 1 ? 'problem' : 'problems'}.`
  return `${[...lines, '', style.bold(sum)].join('\n')}\n`
}
