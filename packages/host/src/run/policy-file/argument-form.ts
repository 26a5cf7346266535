import { createContext, Script } from 'node:vm'

/** What one argument may be. */
export type Pattern =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'regex'; readonly regex: RegExp }
  /** Any one argument, or with `rest` any number of further ones; one that begins with a dash only with `dashes`. */
  | { readonly kind: 'any'; readonly rest: boolean; readonly dashes: boolean }

/** The arguments a command may have, one pattern each; one with `rest` is the last. */
export type ArgumentForm = readonly Pattern[]

/**
 * A pattern by its text: `*` any one argument that does not begin with a dash, `-*` any one at all, `**` and `-**` any number
 * of further ones of that kind, `/…/` a regular expression for the whole argument; all else stands for itself. Or a sentence
 * that says what is wrong.
 *
 * A wildcard passes no dash by itself, for an argument that begins with one is an option to most commands, and options are
 * what makes `tar` or `find` run other commands.
 */
export function parsePattern(text: string): Pattern | { wrong: string } {
  const wildcard = /^(-?)(\*\*?)$/.exec(text)
  if (wildcard) return { kind: 'any', rest: wildcard[2] === '**', dashes: wildcard[1] === '-' }
  if (text === '//') return { wrong: 'the regular expression // is empty' }
  if (text.length < 3 || !text.startsWith('/') || !text.endsWith('/')) return { kind: 'literal', text }
  const source = text.slice(1, -1)
  if (/(?:^|[^\\])(?:\\\\)*\//.test(withoutClasses(source))) {
    return {
      wrong: `${text} is taken for a regular expression: write \\/ for each slash in it, or a path without the last slash`,
    }
  }
  try {
    // By itself first: `a)|(b` must not leave the anchors.
    void new RegExp(source, 'u')
    return { kind: 'regex', regex: new RegExp(`^(?:${source})$`, 'u') }
  } catch (error) {
    return { wrong: `${text} is no regular expression: ${(error as Error).message.replace(/^.*: /s, '')}` }
  }
}

/** A form as the file has it. */
export function formText(form: ArgumentForm): string {
  return `[${form.map(patternText).join(', ')}]`
}

function patternText(pattern: Pattern): string {
  if (pattern.kind === 'any') return `${pattern.dashes ? '-' : ''}${pattern.rest ? '**' : '*'}`
  if (pattern.kind === 'regex') return `/${pattern.regex.source.slice('^(?:'.length, -')$'.length)}/`
  return /^[\w./:=@%+-]+$/.test(pattern.text) ? pattern.text : JSON.stringify(pattern.text)
}

/** A slash within brackets needs no backslash. */
function withoutClasses(source: string): string {
  return source.replaceAll(/\\.|\[(?:\\.|[^\]\\])*\]/gs, (part) => (part.startsWith('\\') ? part : ''))
}

/** What the patterns of a file cost for one job, in milliseconds, before the job is refused. */
const maxMatchMs = 1_000

/** Says whether arguments are of a form. Throws `TooSlow` when the regular expressions took too long in all. */
export class Matcher {
  readonly #deadline = performance.now() + maxMatchMs

  matches(form: ArgumentForm, args: readonly string[]): boolean {
    const last = form.at(-1)
    const rest = last?.kind === 'any' && last.rest ? last : undefined
    const each = rest === undefined ? form : form.slice(0, -1)
    if (rest === undefined ? args.length !== each.length : args.length < each.length) return false
    // Whatever is cheap first: who is refused by it never gets as far as a regular expression.
    const pairs = each.map((pattern, index) => ({ pattern, argument: args[index] ?? '' }))
    return (
      pairs.every(({ pattern, argument }) => pattern.kind === 'regex' || this.#one(pattern, argument)) &&
      args.slice(each.length).every((argument) => rest !== undefined && this.#one(rest, argument)) &&
      pairs.every(({ pattern, argument }) => pattern.kind !== 'regex' || this.#one(pattern, argument))
    )
  }

  #one(pattern: Pattern, argument: string): boolean {
    if (pattern.kind === 'literal') return argument === pattern.text
    if (pattern.kind === 'any') return pattern.dashes || !argument.startsWith('-')
    return this.#test(pattern.regex, argument)
  }

  /** A regular expression can take years for an argument that was made for it; here it is ended in time. */
  #test(pattern: RegExp, argument: string): boolean {
    const timeout = Math.floor(this.#deadline - performance.now())
    if (timeout < 1) throw new TooSlow()
    sandbox.pattern = pattern
    sandbox.argument = argument
    try {
      return script.runInContext(sandbox, { timeout }) === true
    } catch (error) {
      // The time was over, or its own stack was full.
      throw new TooSlow({ cause: error })
    }
  }
}

/** The patterns of the policy file took more than a second for one job's arguments, or more memory than there is for them. */
export class TooSlow extends Error {
  override readonly name = 'TooSlow'

  constructor(options?: ErrorOptions) {
    super('the patterns took too long', options)
  }
}

const sandbox: { pattern?: RegExp; argument?: string } = createContext({})
const script = new Script('pattern.test(argument)')
