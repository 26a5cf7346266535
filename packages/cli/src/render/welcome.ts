import { resolve } from 'node:path'
import { standingNote } from '../daemon/announce.ts'
import { plainLine } from './plain-text.ts'
import type { Style } from './style.ts'

interface Running {
  readonly url: string
  readonly standalone: boolean
  readonly peerUrls: readonly string[]
  readonly dbPath: string
  readonly token: string
  readonly allowed: readonly string[]
  readonly host: { readonly name: string; readonly capabilities: readonly string[] }
  readonly program: string
}

const defaultUrl = 'http://127.0.0.1:8787'

/** What `up` prints: what runs, what jobs may do, and what to type next. */
export function renderWelcome(
  { url, standalone, peerUrls, dbPath, token, allowed, host, program }: Running,
  style: Style,
): string {
  const variables = [`SKYCLAW_TOKEN=${token}`, ...(url === defaultUrl ? [] : [`SKYCLAW_COORDINATOR_URL=${url}`])].join(
    ' ',
  )
  const more = allowed.includes('bash') ? '' : ' (bash, say, with: up --allow bash)'
  return [
    `${style.bold('Skyclaw is up.')} Coordinator ${url}, ${standingNote(standalone, peerUrls)}, data in ${plainLine(resolve(dbPath))}`,
    `Host ${plainLine(host.name)} runs ${host.capabilities.includes('openclaw') ? 'OpenClaw and ' : ''}these commands only: ${plainLine(allowed.join(', '))}${more}`,
    'Token, for whoever may enqueue:',
    `  ${token}`,
    'Type in another terminal:',
    `  ${style.bold(`${variables} ${program} run -- echo hello`)}`,
    'Ctrl-C stops both.',
    '',
  ].join('\n')
}
