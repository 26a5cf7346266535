import { problems, routes } from '@skyclaw/protocol'

/** The tables of docs/api.md, as the code has them. */
export const tables: Record<string, string> = {
  routes: table(
    ['request', 'operation', 'does'],
    Object.entries(routes).map(([id, { method, path, summary }]) => [`\`${method} ${path}\``, `\`${id}\``, summary]),
  ),
  problems: table(
    ['code', 'status', 'title', 'retryable'],
    Object.entries(problems).map(([code, { status, title, retryable }]) => [
      `\`${code}\``,
      `${status}`,
      title,
      retryable ? 'yes' : 'no',
    ]),
  ),
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** What stands between `<!-- name -->` and `<!-- /name -->`. */
export function section(document: string, name: string): string {
  const [, text] = new RegExp(`<!-- ${name} -->([^]*?)<!-- /${name} -->`).exec(document) ?? []
  if (text === undefined) throw new Error(`there is no section ${name}`)
  return text
}

/** The formatter pads cells and dashes; neither means anything. */
export function squeeze(text: string): string {
  return text.trim().replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---')
}
