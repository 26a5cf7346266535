/*
 * The answer of `openclaw agent exec --json` is one object on stdout, which begins a line. Warnings may come before it and after it, and
 * it may be cut: then those of its members count that are whole.
 */

export interface Answer {
  readonly members: Readonly<Record<string, unknown>>
  /** Whether it is there to its end. */
  readonly whole: boolean
}

/** Objects in one output that are looked at; more are no answer but some other program's lines. */
const maxObjects = 32
/** Of these, those that do not end: each is looked through to the end of the text. */
const maxCut = 4

const quote = 0x22
const backslash = 0x5c
const opening = [0x5b, 0x7b]
const closing = [0x5d, 0x7d]

/** The last whole answer in an output, else the first that is cut; undefined when there is none. */
export function findAnswer(text: string): Answer | undefined {
  let found: Answer | undefined
  let at = 0
  let cut = 0
  for (let objects = 0; objects < maxObjects && cut < maxCut; objects++) {
    const start = objectStart(text, at)
    if (start < 0) break
    const end = valueEnd(text, start)
    if (end < 0) cut += 1
    const members = end < 0 ? wholeMembers(text, start) : parseObject(text.slice(start, end))
    if (members && isAnswer(members) && (end >= 0 || found === undefined)) found = { members, whole: end >= 0 }
    at = members && end >= 0 ? end : start + 1
  }
  return found
}

/** Where the next line begins that begins with an object. */
function objectStart(text: string, from: number): number {
  if (from === 0 && text.startsWith('{')) return 0
  const at = text.indexOf('\n{', Math.max(0, from - 1))
  return at < 0 ? -1 : at + 1
}

function isAnswer(members: Record<string, unknown>): boolean {
  return typeof members['ok'] === 'boolean' || typeof members['status'] === 'string' || 'error' in members
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
}

/** Where the value that begins at a place ends; -1 when the text ends first. */
function valueEnd(text: string, start: number): number {
  const first = text.charCodeAt(start)
  if (first === quote) return stringEnd(text, start)
  if (!opening.includes(first)) {
    const end = /[\s,\]}]/g
    end.lastIndex = start
    return end.exec(text)?.index ?? -1
  }
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      const end = stringEnd(text, at)
      if (end < 0) return -1
      at = end - 1
    } else if (opening.includes(code)) {
      depth += 1
    } else if (closing.includes(code)) {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return -1
}

function stringEnd(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapes = 0
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes += 1
    if (escapes % 2 === 0) return at + 1
  }
  return -1
}

/** The members of an object that is cut, as far as they are whole. */
function wholeMembers(text: string, start: number): Record<string, unknown> {
  const members: string[] = []
  const next = /\s*(?:,\s*)?(?=")/y
  const colon = /\s*:\s*/y
  for (let at = start + 1; ;) {
    next.lastIndex = at
    if (!next.test(text)) break
    const name = next.lastIndex
    colon.lastIndex = stringEnd(text, name)
    if (colon.lastIndex < 0 || !colon.test(text)) break
    const end = valueEnd(text, colon.lastIndex)
    if (end < 0) break
    members.push(text.slice(name, end))
    at = end
  }
  return parseObject(`{${members.join(',')}}`) ?? {}
}
