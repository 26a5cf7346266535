import { plainLine } from './plain-text.ts'
import type { Style } from './style.ts'

/** Fields that say nothing to somebody who watches a terminal. */
const hidden = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'err', 'reqId', 'req', 'res', 'hostId', 'nodeId'])

interface Entry {
  readonly time: number
  readonly level: number
  readonly msg?: string
  readonly err?: { readonly message: string }
  readonly [field: string]: unknown
}

/** One of pino's JSON lines as people read it: time, sentence, fields. */
export function renderLogLine(line: string, style: Style): string {
  const entry = JSON.parse(line) as Entry
  const time = new Date(entry.time).toTimeString().slice(0, 8)
  const paint = entry.level >= 50 ? style.red : entry.level >= 40 ? style.yellow : (text: string) => text
  const fields = Object.entries(entry)
    .filter(([name]) => !hidden.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const sentence = [entry.msg, entry.err?.message].filter((part) => part !== undefined).join(': ')
  return `${style.dim(time)} ${paint(plainLine(sentence))} ${style.dim(plainLine(fields.join(' ')))}`.trimEnd() + '\n'
}
