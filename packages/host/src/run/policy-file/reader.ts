import { type Alias, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'
import { maxProblems, PolicyFileError } from './problems.ts'

/** Nodes that are looked at: aliases can make a small file a huge one. */
const maxNodes = 100_000

/** One entry of a map. */
export interface Entry {
  readonly key: Node
  readonly value: Node | undefined
}

/**
 * Reads YAML node by node, so that each problem can say where it is, and collects the problems. Its methods answer undefined
 * for what is not as it must be, after they have noted why.
 */
export class Reader {
  readonly file: string
  readonly root: Node | undefined
  readonly #problems: { offset: number; problem: string }[] = []
  readonly #lines = new LineCounter()
  readonly #targets = new Map<Alias, Node>()
  #nodes = 0

  constructor(file: string, text: string) {
    this.file = file
    try {
      const document = parseDocument(text, {
        lineCounter: this.#lines,
        prettyErrors: false,
        strict: true,
        version: '1.2',
      })
      for (const { pos, message } of [...document.errors, ...document.warnings]) this.#note(pos[0], plain(message))
      this.root = document.contents ?? undefined
      const anchors = new Map<string, Node>()
      visit(document, {
        Alias: (_, alias) => {
          const target = anchors.get(alias.source)
          if (target !== undefined) this.#targets.set(alias, target)
        },
        Value: (_, node) => {
          if (node.anchor !== undefined) anchors.set(node.anchor, node)
        },
      })
    } catch (error) {
      if (error instanceof PolicyFileError) throw error
      // Thousands of brackets within each other are too many for the parser.
      throw new PolicyFileError([`${file}: cannot be read as YAML (${(error as Error).message})`])
    }
    this.end()
  }

  /** Throws a `PolicyFileError` with all that was noted, if anything was. */
  end(): void {
    if (this.#problems.length === 0) return
    const inOrder = this.#problems.toSorted((one, other) => one.offset - other.offset)
    throw new PolicyFileError(inOrder.map(({ problem }) => problem))
  }

  /** Notes that something at this node is wrong. */
  wrong(node: Node | undefined, what: string): undefined {
    this.#note(node?.range?.[0] ?? 0, what)
  }

  line(node: Node): number {
    return this.#lines.linePos(node.range?.[0] ?? 0).line
  }

  /** The entries of a map that may have these keys. `what` names it for people. */
  map(node: Node | undefined, what: string, keys: readonly string[]): Map<string, Entry> | undefined {
    const map = this.#follow(node)
    if (!isMap(map)) return this.wrong(node, `${what} must be a map with ${keys.join(', ')}`)
    const entries = new Map<string, Entry>()
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? key.value : undefined
      if (typeof name !== 'string' || !keys.includes(name)) {
        const shown = isScalar(key) ? JSON.stringify(key.value) : 'a key that is no text'
        this.wrong(key as Node, `unknown key ${shown}: ${what} can have ${keys.join(', ')}`)
      } else {
        entries.set(name, { key: key as Node, value: (value ?? undefined) as Node | undefined })
      }
    }
    return entries
  }

  list({ key, value }: Entry, what: string, max: number): Node[] | undefined {
    const list = this.#follow(value)
    if (!isSeq(list)) return this.wrong(value ?? key, `${what} must be a list`)
    if (list.items.length > max) return this.wrong(list, `${what} must have at most ${max} entries`)
    return list.items as Node[]
  }

  /** A list within a list. */
  items(node: Node, what: string, max: number): Node[] | undefined {
    return this.list({ key: node, value: node }, what, max)
  }

  /** A text; a number or `true` is the text that stands in the file. */
  text(node: Node | undefined, what: string): string | undefined {
    const scalar = this.#follow(node)
    if (!isScalar(scalar) || scalar.value === null) return this.wrong(node, `${what} must be a text`)
    const text = typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? '')
    if (text.includes('\0')) return this.wrong(node, `${what} must not have a NUL`)
    return text
  }

  whole({ key, value }: Entry, what: string, min: number, max: number): number | undefined {
    const scalar = this.#follow(value)
    const number = isScalar(scalar) ? scalar.value : undefined
    if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return number
    return this.wrong(value ?? key, `${what} must be a whole number from ${min} to ${max}`)
  }

  #follow(node: Node | undefined): Node | undefined {
    this.#nodes += 1
    if (this.#nodes > maxNodes) {
      this.wrong(node, `the file has more than ${maxNodes} values, with what its aliases repeat`)
      this.end()
    }
    if (!isAlias(node)) return node
    const target = this.#targets.get(node)
    if (target !== undefined) return target
    const hint = /^\**$/.test(node.source) ? `; a pattern is written in quotes: '*${node.source}'` : ''
    return this.wrong(node, `the alias *${node.source} has no anchor${hint}`)
  }

  #note(offset: number, what: string): void {
    const { line, col } = this.#lines.linePos(offset)
    this.#problems.push({ offset, problem: `${this.file}:${line}:${col}: ${what}` })
    if (this.#problems.length >= maxProblems) this.end()
  }
}

/** What the parser says, as part of a line of ours. */
function plain(message: string): string {
  const [first = ''] = message.split('\n')
  if (first.includes('Alias cannot be an empty string')) return `a pattern is written in quotes: '*'`
  return `no valid YAML: ${first}`
}
