import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPolicy } from '../policy.ts'
import { readPolicyFile } from './policy-file.ts'

const document = readFileSync(new URL('../../../../../docs/policy.md', import.meta.url), 'utf8')
const examples = [...document.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text)
const rows = [...document.matchAll(/^\| `([^`]+)` +\| (allowed|refused) +\|$/gm)]

let folder: string

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skyclaw-documented-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('each example of docs/policy.md is a policy file that is right', () => {
  expect(examples.length).toBeGreaterThan(3)
  const file = path.join(folder, 'example.yaml')
  for (const example of examples) {
    writeFileSync(file, example)
    expect(() => readPolicyFile(file)).not.toThrow()
  }
})

test('the first example allows and refuses what docs/policy.md says', () => {
  expect(rows.length).toBeGreaterThan(10)
  for (const name of ['git', 'ffmpeg', 'render']) {
    writeFileSync(path.join(folder, name), '')
    chmodSync(path.join(folder, name), 0o755)
  }
  const policyFile = path.join(folder, 'policy.yaml')
  // What is in /opt on the reader's machine is in a folder here.
  writeFileSync(policyFile, examples[0]?.replaceAll('/opt/tools', folder) ?? '')
  const policy = createPolicy({ allowedCommands: [], openclawCommand: 'openclaw', policyFile, path: folder })
  expect(policy.missing).toEqual([])
  for (const [, line = '', answer] of rows) {
    const [command = '', ...args] = line.replaceAll('/opt/tools', folder).split(' ')
    const decision = policy.decide({ command, args })
    expect([line, 'reason' in decision ? 'refused' : 'allowed']).toEqual([line, answer])
  }
})
