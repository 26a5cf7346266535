import { parseSync } from 'oxc-parser'

/** A node of the syntax tree, as far as the checks look at it. */
interface SyntaxNode {
  type: string
  start: number
  [field: string]: unknown
}

/** An import of any form: static, dynamic, of a type, or a re-export. */
export interface Import {
  specifier: string
  line: number
  reExport: boolean
}

/** Every import of a source, in the order of the text. */
export function importsOf(path: string, text: string): Import[] {
  const found: Import[] = []
  for (const node of nodesOf(path, text)) {
    const specifier = literalText(node['source'])
    if (specifier === undefined) continue
    const reExport = node.type === 'ExportNamedDeclaration' || node.type === 'ExportAllDeclaration'
    if (!reExport && !['ImportDeclaration', 'ImportExpression', 'TSImportType'].includes(node.type)) continue
    found.push({ specifier, line: lineAt(text, node.start), reExport })
  }
  return found
}

/** Every string literal and piece of a template of a source. */
export function stringsOf(path: string, text: string): { value: string; line: number }[] {
  const found: { value: string; line: number }[] = []
  for (const node of nodesOf(path, text)) {
    const value = node.type === 'TemplateElement' ? (node['value'] as { raw: string }).raw : literalText(node)
    if (value !== undefined) found.push({ value, line: lineAt(text, node.start) })
  }
  return found
}

function* nodesOf(path: string, text: string): Generator<SyntaxNode> {
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`)
  const waiting: unknown[] = [program]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (typeof next !== 'object' || next === null) continue
    const children = Object.values(next)
    // The last child is taken off first, so they are put on in reverse: the order of the text.
    for (let index = children.length - 1; index >= 0; index--) waiting.push(children[index])
    if ('type' in next && typeof next.type === 'string') yield next as SyntaxNode
  }
}

function literalText(node: unknown): string | undefined {
  if (typeof node !== 'object' || node === null) return undefined
  const { type, value } = node as { type?: unknown; value?: unknown }
  return type === 'Literal' && typeof value === 'string' ? value : undefined
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
