import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { buildOpenApi } from '@skyclaw/protocol'
import { readJson, readText } from './source-tree.ts'

export const openApiPath = 'docs/openapi.json'

/** The text of docs/openapi.json as the route table makes it, with the protocol package's version. */
export function renderOpenApi(root: string): string {
  const { version } = readJson(root, 'packages/protocol/package.json')
  return `${JSON.stringify(buildOpenApi(String(version)), null, 2)}\n`
}

/** The committed OpenAPI document is the one that the route table makes. */
export function checkOpenApi(root: string): string[] {
  if (!existsSync(join(root, openApiPath))) return [`${openApiPath} is missing: run "pnpm openapi"`]
  const committed = readText(root, openApiPath).split('\n')
  const made = renderOpenApi(root).split('\n')
  const line = made.findIndex((text, index) => text !== committed[index])
  if (line === -1 && committed.length === made.length) return []
  const at = line === -1 ? made.length : line
  return [`${openApiPath}:${at + 1} differs from the route table (${made[at]?.trim() ?? 'end'}): run "pnpm openapi"`]
}
