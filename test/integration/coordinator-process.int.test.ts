import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openStore } from '../../packages/store/src/index.ts'
import { databaseOf, spawnCoordinator, startCoordinator } from '../support/coordinator.ts'
import { enqueue } from '../support/enqueue.ts'
import { RawHost } from '../support/raw-host.ts'
import type { Ended } from '../support/spawn.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from '../support/until.ts'

/** The message of a program that printed one line of log and nothing else. */
function onlyMessage({ stdout, stderr }: Ended): string {
  const lines = `${stdout}${stderr}`.trimEnd().split('\n')
  expect(lines).toHaveLength(1)
  return (JSON.parse(lines[0] ?? '') as { msg: string }).msg
}

describe('the coordinator as a process', () => {
  test('is refused a database that another one has, with one line that names file and process', async () => {
    const folder = tempFolder()
    const coordinator = await startCoordinator({ folder })
    const second = await spawnCoordinator({ folder }).ended
    expect(second.code).toBe(1)
    expect(onlyMessage(second)).toContain(
      `${databaseOf(folder)} is in use by another coordinator, process ${coordinator.pid} `,
    )
    expect(await coordinator.http.must('readHealth')).toMatchObject({ ok: true })
  })

  test('ends its waiting claims and its process within 2 s of a SIGTERM, with exit code 0', async () => {
    const coordinator = await startCoordinator({ folder: tempFolder() })
    const { http } = coordinator
    const host = await RawHost.register(http, 'waiting', ['gpu'])
    const { id } = await enqueue(http)
    const waitMs = 30_000
    const claims = [host.claim({ waitMs }), host.claim({ waitMs }), host.claim({ waitMs })]
    const reading = http.must('getJob', { params: { id }, query: { waitMs } })
    await until('four requests to wait', () => http.unanswered.size === 4)
    // Each is answered in a later turn of the coordinator's event loop, so that it has taken all that came before the first.
    for (let n = 0; n < 10; n += 1) await http.must('readHealth')

    const startedAt = performance.now()
    const ended = coordinator.stop('SIGTERM')
    expect(await Promise.all(claims)).toEqual([[], [], []])
    expect(await reading).toMatchObject({ job: { id, status: 'queued' } })
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })

  test('says in one line that its database is corrupt, exits with 1 and leaves the file as it is', async () => {
    const folder = tempFolder()
    const garbage = Buffer.alloc(8_192, 'no database ')
    writeFileSync(databaseOf(folder), garbage)
    const ended = await spawnCoordinator({ folder }).ended
    expect(ended.code).toBe(1)
    expect(onlyMessage(ended)).toMatch(/coordinator\.db is not a SQLite database.*: restore a backup/)
    expect(readFileSync(databaseOf(folder))).toEqual(garbage)
  })

  test('says in one line that its database is damaged inside', async () => {
    const folder = tempFolder()
    openStore({ path: databaseOf(folder) }).close()
    const bytes = readFileSync(databaseOf(folder))
    writeFileSync(databaseOf(folder), bytes.fill(0xa5, 4_096))
    const ended = await spawnCoordinator({ folder }).ended
    expect(ended.code).toBe(1)
    expect(onlyMessage(ended)).toMatch(/coordinator\.db .*(damaged|malformed).*: restore a backup/)
    expect(readFileSync(databaseOf(folder))).toEqual(bytes)
  })

  test('says in one line that its database may not be written, and by whom it should', async () => {
    const folder = tempFolder()
    openStore({ path: databaseOf(folder) }).close()
    chmodSync(databaseOf(folder), 0o444)
    chmodSync(folder, 0o555)
    const ended = await spawnCoordinator({ folder, entry: 'test/integration/unprivileged-coordinator.ts' }).ended
    chmodSync(folder, 0o755)
    expect(ended.code).toBe(1)
    expect(onlyMessage(ended)).toMatch(/coordinator\.db .*give the user that runs the coordinator .*write access/)
  })
})
