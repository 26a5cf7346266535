/** C0, DEL and C1 steer the terminal; the others turn the direction of text round or hide in it. */
const steering = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu

/** Text from elsewhere, made harmless for a terminal: what would steer it is shown as an escape. */
export function plainText(text: string): string {
  return text.replace(steering, (character) => {
    if (character === '\n') return String.raw`\n`
    if (character === '\t') return String.raw`\t`
    if (character === '\r') return String.raw`\r`
    const code = character.codePointAt(0) ?? 0
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}

/** The same for a message of several lines, which become one. */
export function plainLine(text: string): string {
  return plainText(text.trim().replaceAll(/\s*\n\s*/g, ' '))
}

const segmenter = new Intl.Segmenter()

/** At most so many characters, with an ellipsis for the rest. */
export function shorten(text: string, maxChars: number): string {
  const characters = Array.from(segmenter.segment(text), ({ segment }) => segment)
  return characters.length <= maxChars ? text : `${characters.slice(0, maxChars - 1).join('')}…`
}
