import { styleText } from 'node:util'

export type Paint = (text: string) => string

/** Colours, or none of them. */
export interface Style {
  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
}

export function createStyle(enabled: boolean): Style {
  const paint =
    (name: keyof Style): Paint =>
    (text) =>
      enabled ? styleText(name, text, { validateStream: false }) : text
  return { bold: paint('bold'), dim: paint('dim'), red: paint('red'), green: paint('green'), yellow: paint('yellow') }
}
