import path from 'node:path'
import { limits } from '@skyclaw/protocol'
import type { JobLimits } from '../launch.ts'
import { pinRoot } from '../working-folder.ts'
import { type ArgumentForm, parsePattern, type Pattern } from './argument-form.ts'
import { checkEnvEntry, type EnvRule, envRule } from './env-rule.ts'
import { parseSize, parseTime } from './quantity.ts'
import type { Entry, Reader } from './reader.ts'

const maxForms = 256
const maxPatterns = 256
const maxEntries = 256

/** The forms of a command's arguments; of the wrong ones it is noted why. */
export function readForms(reader: Reader, entry: Entry): ArgumentForm[] {
  const forms = reader.list(entry, 'args', maxForms)
  if (forms?.length === 0) {
    reader.wrong(entry.key, 'args must list at least one form: [[]] for no arguments; leave it out for any arguments')
  }
  return (forms ?? []).map((form) => {
    const what = 'a form of args, such as [status, --short]'
    const items = reader.items(form, what, maxPatterns) ?? []
    return items.flatMap((item, index): Pattern[] => {
      const text = reader.text(item, 'a pattern')
      if (text === undefined) return []
      const pattern = parsePattern(text)
      if ('wrong' in pattern) return reader.wrong(item, pattern.wrong) ?? []
      if (pattern.kind === 'any' && pattern.rest && index < items.length - 1) {
        return reader.wrong(item, `${text} must be the last of its form`) ?? []
      }
      return [pattern]
    })
  })
}

/** The variables that may be set; an empty list is none. */
export function readEnv(reader: Reader, entry: Entry): EnvRule {
  const items = reader.list(entry, 'env', maxEntries) ?? []
  const entries = items.flatMap((item) => {
    const text = reader.text(item, 'an entry of env')
    const wrong = text === undefined ? undefined : checkEnvEntry(text)
    if (wrong !== undefined) reader.wrong(item, wrong)
    return text === undefined ? [] : [text]
  })
  return envRule(entries)
}

/** Folders, as they are when the host starts. */
export function readRoots(reader: Reader, entry: Entry): string[] {
  const items = reader.list(entry, 'roots', maxEntries)
  if (items?.length === 0) {
    reader.wrong(entry.key, 'roots must list at least one folder; leave it out for any folder')
  }
  return (items ?? []).flatMap((item) => {
    const text = reader.text(item, 'an entry of roots')
    if (text === undefined) return []
    if (!path.isAbsolute(text)) {
      reader.wrong(item, `${JSON.stringify(text)} must be an absolute path, such as /srv/work`)
      return []
    }
    return [pinRoot(text)]
  })
}

const names = ['memory', 'cpu', 'time', 'openFiles', 'processes', 'output'] as const

export function readLimits(reader: Reader, { key, value }: Entry): JobLimits {
  const entries = reader.map(value ?? key, 'limits', names)
  const size = (name: string, min: number) => readQuantity(reader, entries?.get(name), `limits.${name}`, sizeText, min)
  const time = (name: string, max: number) =>
    readQuantity(reader, entries?.get(name), `limits.${name}`, timeText, 1, max)
  const whole = (name: string, min: number, max: number) => {
    const entry = entries?.get(name)
    return entry && reader.whole(entry, `limits.${name}`, min, max)
  }
  return withoutUndefined({
    memoryBytes: size('memory', 1_048_576),
    cpuMs: time('cpu', limits.durationMs),
    timeoutMs: time('time', limits.timeoutMs),
    openFiles: whole('openFiles', 8, 1_048_576),
    processes: whole('processes', 1, 4_194_304),
    outputBytes: size('output', 1),
  })
}

const sizeText = { parse: parseSize, such: 'a size with its unit, such as 512MiB or 2GiB' }
const timeText = { parse: parseTime, such: 'a time with its unit, such as 90s, 10m or 1h' }

function readQuantity(
  reader: Reader,
  entry: Entry | undefined,
  what: string,
  { parse, such }: typeof sizeText,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (entry === undefined) return undefined
  const text = reader.text(entry.value ?? entry.key, what)
  if (text === undefined) return undefined
  const quantity = parse(text)
  if (quantity === undefined) return reader.wrong(entry.value, `${what} must be ${such}, not ${JSON.stringify(text)}`)
  if (quantity >= min && quantity <= max) return quantity
  const unit = parse === parseSize ? 'bytes' : 'ms'
  return reader.wrong(entry.value, `${what} must be from ${min} to ${max} ${unit}, not ${JSON.stringify(text)}`)
}

function withoutUndefined(all: { [Name in keyof JobLimits]: number | undefined }): JobLimits {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}
