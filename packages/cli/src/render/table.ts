import { plainText } from './plain-text.ts'
import type { Paint, Style } from './style.ts'

export interface Column<T> {
  readonly title: string
  /** The cell's text, as it came: the table makes it harmless. */
  readonly text: (row: T) => string
  readonly paint?: (row: T) => Paint
}

/** A table with a line of titles; the columns are as wide as they need to be. */
export function renderTable<T>(columns: readonly Column<T>[], rows: readonly T[], style: Style): string {
  const cells = rows.map((row) => columns.map((column) => plainText(column.text(row))))
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => row[index]?.length ?? 0)),
  )
  const line = (texts: readonly string[], paint: (index: number) => Paint | undefined): string => {
    const padded = texts.map((text, index) => {
      // Nothing follows the last column, so it needs no padding.
      const wide = index === texts.length - 1 ? text : text.padEnd(widths[index] ?? 0)
      return paint(index)?.(wide) ?? wide
    })
    return `${padded.join('  ').trimEnd()}\n`
  }
  const titles = line(
    columns.map(({ title }) => title),
    () => style.bold,
  )
  const lines = rows.map((row, at) => line(cells[at] ?? [], (index) => columns[index]?.paint?.(row)))
  return titles + lines.join('')
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
