import { plainText } from './plain-text.ts'
import type { Style } from './style.ts'

/** Output within a report: line by line, made harmless. */
export function renderOutput(title: string, output: string | undefined, style: Style): string {
  if (!output) return ''
  const lines = output
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `  ${plainText(line)}\n`)
  return `\n${style.bold(title)}\n${lines.join('')}`
}
