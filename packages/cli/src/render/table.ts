import truncatedWidth from 'fast-string-truncated-width'
import { plainText } from './plain-text.ts'
import type { Paint, Style } from './style.ts'

export interface Column<T> {
  readonly title: string
  /** The cell's text, as it came: the table makes it harmless. */
  readonly text: (row: T) => string
  readonly paint?: (row: T) => Paint
  /** Left out when the terminal is too narrow for the whole table; the lowest first. */
  readonly dispensable?: number
}

const gap = '  '
/** The last column is shortened to this, before any other is left out. */
const lastWidth = 16

interface Cells<T> {
  readonly column: Column<T>
  readonly texts: readonly string[]
  readonly width: number
}

/**
 * A table with a line of titles; the columns are as wide as they need to be. On a terminal too narrow for it, the last column is
 * shortened and dispensable ones are left out, so that a row is a line.
 */
export function renderTable<T>(columns: readonly Column<T>[], rows: readonly T[], style: Style): string {
  const all = columns.map((column): Cells<T> => {
    const texts = rows.map((row) => plainText(column.text(row)))
    return { column, texts, width: Math.max(...[column.title, ...texts].map(widthOf)) }
  })
  const shown = fit(all, style.columns)
  const line = (texts: readonly string[], paint: (column: Column<T>) => Paint | undefined): string => {
    const padded = texts.map((text, index) => {
      const cells = shown[index]
      // Nothing follows the last column, so it needs no padding.
      const wide = index === texts.length - 1 ? text : text + ' '.repeat((cells?.width ?? 0) - widthOf(text))
      return (cells && paint(cells.column)?.(wide)) ?? wide
    })
    return `${padded.join(gap).trimEnd()}\n`
  }
  const titles = line(
    shown.map(({ column }) => column.title),
    () => style.bold,
  )
  const lines = rows.map((row, at) =>
    line(
      shown.map(({ texts }) => texts[at] ?? ''),
      (column) => column.paint?.(row),
    ),
  )
  return titles + lines.join('')
}

function fit<T>(all: readonly Cells<T>[], columns = Number.POSITIVE_INFINITY): Cells<T>[] {
  const order = all.filter(({ column }) => column.dispensable !== undefined)
  order.sort((one, other) => (one.column.dispensable ?? 0) - (other.column.dispensable ?? 0))
  let shown = [...all]
  const before = (): number => shown.slice(0, -1).reduce((sum, { width }) => sum + width + gap.length, 0)
  while (before() + Math.min(lastWidth, shown.at(-1)?.width ?? 0) > columns) {
    const spare = order.shift()
    if (!spare) break
    shown = shown.filter((cells) => cells !== spare)
  }
  const last = shown.pop()
  if (!last) return shown
  const room = Math.max(lastWidth, columns - shown.reduce((sum, { width }) => sum + width + gap.length, 0))
  return [...shown, { ...last, texts: last.texts.map((text) => shortenTo(text, room)) }]
}

/** How many characters of a terminal the text takes: a Chinese one takes two, an accent none. */
function widthOf(text: string): number {
  return truncatedWidth(text).width
}

function shortenTo(text: string, width: number): string {
  const { truncated, index } = truncatedWidth(text, { limit: width, ellipsis: '…' })
  return truncated ? `${text.slice(0, index)}…` : text
}

/** Names and values, one a line. */
export function renderFields(
  fields: readonly (readonly [name: string, value: string | undefined])[],
  style: Style,
): string {
  const present = fields.filter((field): field is readonly [string, string] => field[1] !== undefined)
  const width = Math.max(0, ...present.map(([name]) => name.length))
  return present.map(([name, value]) => `${style.bold(name.padEnd(width))}  ${plainText(value)}\n`).join('')
}
