type Attributes = Readonly<Record<string, string | number>>

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escape = (text: string) => text.replaceAll(/[&<>"]/g, (character) => entities[character]!)

/** Lengths in pixels to a hundredth, so that equal plots are equal files. */
const attribute = (value: string | number) =>
  typeof value === 'number' ? String(Number(value.toFixed(2))) : escape(value)

/** An element of SVG; its content is elements already. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${attribute(value)}"`)
  return `<${name}${written.join('')}${content === '' ? '/>' : `>${content}</${name}>`}`
}

type Anchor = 'start' | 'middle' | 'end'

export function label(x: number, y: number, words: string, anchor: Anchor = 'start', kind = 'label'): string {
  return element('text', { x, y, 'text-anchor': anchor, class: kind }, escape(words))
}

export function line(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  return element('line', { x1, y1, x2, y2, class: kind })
}

// Both palettes have at least 3 to 1 against their background, and differ in lightness, not in hue alone.
const light = ['#0b62c4', '#b8440b', '#177245', '#8a2fa8', '#8a6a00', '#b0174b', '#3d4a5c']
const dark = ['#6db3ff', '#ff9d66', '#5fd09a', '#d99aef', '#e3c04a', '#ff86a8', '#b4c0cf']
export const colours = light.length

const paint = (palette: readonly string[]) =>
  palette.map((colour, at) => `.s${at}{stroke:${colour}}.f${at}{fill:${colour}}`).join('')
const theme = (back: string, ink: string, faint: string, [bad, fair, good]: readonly [string, string, string]) =>
  `.back{fill:${back}}text{fill:${ink}}.axis,.mark{stroke:${ink}}.grid{stroke:${faint}}` +
  `.below{fill:${bad}}.bar{fill:${fair}}.goal{fill:${good}}`
const style = [
  'text{font:13px system-ui,sans-serif}.title{font-size:16px;font-weight:600}.small{font-size:11px}',
  '.axis,.mark,.grid{stroke-width:1}.mark{stroke-width:2}.dashed{stroke-dasharray:3 3}.curve{fill:none;stroke-width:2}',
  theme('#ffffff', '#1c2430', '#d9dee5', ['#c7412f', '#d39a1c', '#2c8f57']),
  paint(light),
  '@media(prefers-color-scheme:dark){',
  theme('#10151c', '#e6ebf2', '#333d4a', ['#e26d5c', '#e0b040', '#4fbf85']),
  `${paint(dark)}}`,
].join('')

/** A whole plot, with its own background, light or dark as the reader's is. */
export function plot(width: number, height: number, title: string, content: readonly string[]): string {
  const parts = [
    element('title', {}, escape(title)),
    element('style', {}, style),
    element('rect', { width, height, class: 'back' }),
    ...content,
  ]
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
  }
  return `${element('svg', attributes, `\n${parts.join('\n')}\n`)}\n`
}
