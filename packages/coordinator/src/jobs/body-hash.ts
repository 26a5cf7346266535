import { hash } from 'node:crypto'
import { configure } from 'safe-stable-stringify'

const canonical = configure({ deterministic: true, strict: true })

/** SHA-256 of a request body, the same whatever the order of its fields. */
export function bodyHash(body: unknown): string {
  return hash('sha256', canonical(body) ?? '')
}
