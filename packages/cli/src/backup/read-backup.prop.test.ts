import { createHash } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { LedgerRecord } from '@skyclaw/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeRecord } from '../../test/record-fixture.ts'
import { tempFolder } from '../../test/temp-folder.ts'
import { FileWriter } from './file-writer.ts'
import { formatName } from './format.ts'
import { readBackup } from './read-backup.ts'

const records = ['a', 'b', 'c'].map(makeRecord)

async function write(file: string): Promise<void> {
  const writer = await FileWriter.open(file, true)
  await writer.begin({ format: formatName, version: 1, nodeId: 'node-a', takenAt: '2026-11-22T10:00:00.000Z' })
  await writer.add(records)
  await writer.finish()
}

async function read(file: string): Promise<LedgerRecord[]> {
  const handle = await open(file)
  try {
    const found: LedgerRecord[] = []
    for await (const { record } of readBackup(handle, file, () => {})) found.push(record)
    return found
  } finally {
    await handle.close()
  }
}

/** A whole backup of 3 records, and a way to read others made of it. */
async function wholeBackup() {
  const file = join(tempFolder(), 'a.backup')
  await write(file)
  const handle = await open(file)
  const whole = await handle.readFile()
  await handle.close()
  const readAs = async (bytes: Buffer | string) => {
    rmSync(file)
    writeFileSync(file, bytes)
    return read(file)
  }
  return { whole, readAs }
}

test('a backup reads as it was written', async () => {
  const { whole, readAs } = await wholeBackup()
  expect(await readAs(whole)).toEqual(records)
})

test('a backup cut short anywhere is refused', async () => {
  const { whole, readAs } = await wholeBackup()
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 2), async (length) => {
      const cut = whole.subarray(0, length)
      await expect(readAs(cut)).rejects.toThrow(/a\.backup (is empty|ends after line \d|line \d)/)
    }),
  )
})

test('a backup in which any byte differs is refused', async () => {
  const { whole, readAs } = await wholeBackup()
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 2), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const changed = Buffer.from(whole)
      changed[at] = whole[at]! ^ change
      // Blanks of another kind mean the same, and a changed closing line is not hashed: what it says must then still hold.
      const same = await readAs(changed).catch(() => undefined)
      if (same !== undefined) expect(same).toEqual(records)
      const closing = whole.lastIndexOf('\n', whole.length - 2) + 1
      if (at < closing) expect(same).toBeUndefined()
    }),
  )
})

test.each<[string, (lines: string[]) => string[], RegExp]>([
  ['another file', () => ['hello'], /line 1: it is no JSON/],
  ['JSON of another kind', () => ['{}'], /line 1: this is no backup of skyclaw/],
  [
    'a newer format',
    (lines) => [lines[0]!.replace('"version":1', '"version":2'), ...lines.slice(1)],
    /line 1: version 2 .* newer/,
  ],
  ['a record less', (lines) => lines.toSpliced(2, 1), /line 4: it should hold 3 records, not 2/],
  ['a second backup behind it', (lines) => [...lines, ...lines], /line 6: it goes on after its closing line/],
  [
    'an unknown field',
    (lines) => lines.with(2, lines[2]!.replace('{', '{"x":1,')),
    /line 3: the record has a field that is not known: x/,
  ],
  ['a value that is none', (lines) => lines.with(3, lines[3]!.replace('"queued"', '"idle"')), /line 4: value\.status /],
  ['a field less', (lines) => lines.with(1, lines[1]!.replace('"writtenAt"', '"writtenBy"')), /line 2: the record /],
])('%s is refused, and the line is named', async (_, change, message) => {
  const { whole, readAs } = await wholeBackup()
  const lines = change(whole.toString().trimEnd().split('\n'))
  await expect(readAs(`${lines.join('\n')}\n`)).rejects.toThrow(message)
})

test('a wrong checksum is named as such', async () => {
  const { whole, readAs } = await wholeBackup()
  const sum = createHash('sha256').update('other').digest('hex')
  const text = whole.toString().replace(/"sha256":"\w+"/, `"sha256":"${sum}"`)
  await expect(readAs(text)).rejects.toThrow(/line 5: the checksum is another/)
})
