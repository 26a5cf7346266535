import { closeSync, fstatSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type JobPipe, openPipe } from './job-pipes.ts'

function makeFolder(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'skyclaw-pipes-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return dir
}

const inodeOf = ({ writeEnd }: JobPipe) => fstatSync(writeEnd).ino

function close({ reader, writeEnd }: JobPipe): void {
  reader.destroy()
  closeSync(writeEnd)
}

test.runIf(process.platform === 'linux')('no pipe gets the number of one that is still told from others', async () => {
  const dir = makeFolder()
  const first = await openPipe(dir)
  if (!first) throw new Error('this machine makes no named pipes')
  const taken = inodeOf(first)
  close(first)
  const others: number[] = []
  for (let n = 0; n < 100; n++) {
    const other = (await openPipe(dir))!
    others.push(inodeOf(other))
    close(other)
    other.release()
  }
  expect(others).not.toContain(taken)
  first.release()
})
