import { styleText } from 'node:util'

export type Paint = (text: string) => string

/** Colours, or none of them, and the width to keep to. */
export interface Style {
  /** The width of the terminal; undefined when the output goes elsewhere. */
  readonly columns?: number

  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
}

export function createStyle(enabled: boolean, columns?: number): Style {
  const paint =
    (name: Exclude<keyof Style, 'columns'>): Paint =>
    (text) =>
      enabled ? styleText(name, text, { validateStream: false }) : text
  const width = columns === undefined ? {} : { columns }
  return {
    ...width,
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
  }
}
