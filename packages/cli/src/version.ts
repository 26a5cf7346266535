import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/** The version of this package. */
export const version = manifest.version

/** Whether a command line, without the program's name, asks for the version only. */
export function asksForVersion(words: readonly string[]): boolean {
  return words[0] === '--version' || words[0] === '-v'
}
