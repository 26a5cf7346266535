import { openStore } from '@skyclaw/store'
import Fastify, { type FastifyInstance } from 'fastify'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { coordinator, type CoordinatorOptions } from '../../src/index.ts'
import { startCoordinator } from '../../src/server.ts'
import { scratchFolder, shellJob } from '../http/test-coordinator.ts'

function server(): FastifyInstance {
  const app = Fastify()
  onTestFinished(() => app.close())
  return app
}

/** Throws when somebody still has the database. */
function reopen(dbPath: string): void {
  openStore({ path: dbPath }).close()
}

const wrongOptions: [Record<string, unknown>, string][] = [
  [{ dbPath: '' }, 'dbPath must name a file'],
  [{ dbPath: 7 }, 'dbPath must name a file'],
  [{ token: '' }, 'token must not be empty'],
  [{ nodeId: 'a b' }, 'nodeId must be'],
  [{ leaseMs: 1 }, 'leaseMs must be a whole number from 100'],
  [{ leaseMs: '20000' }, 'leaseMs must be a whole number'],
  [{ retentionMs: Number.NaN }, 'retentionMs must be a whole number'],
  [{ minReplications: 0 }, 'minReplications must be'],
  [{ maxWaitingClaims: 1.5 }, 'maxWaitingClaims must be'],
  [{ publicUrl: 'skyclaw.example' }, 'publicUrl must be an http or https URL'],
  [{ prefix: 'skyclaw' }, 'prefix must begin with a slash'],
]

describe.each(wrongOptions)('the options %j', (wrong, message) => {
  const options = () => ({ dbPath: join(scratchFolder(), 'a.db'), ...wrong }) as CoordinatorOptions

  test('reject register() with an error that names the option', async () => {
    const app = server()
    await expect(async () => await app.register(coordinator, options())).rejects.toThrow(message)
  })

  test('reject ready() when register() was not awaited', async () => {
    const app = server()
    void app.register(coordinator, options())
    await expect(app.ready()).rejects.toThrow(message)
  })
})

test('a database that cannot be opened rejects with one line that names the file and the remedy', async () => {
  const dbPath = join(scratchFolder(), 'not-a.db')
  writeFileSync(
    dbPath,
    'this is no database, but it is long enough to have a header of a hundred bytes, which is looked at first',
  )
  for (const start of [
    async () => await server().register(coordinator, { dbPath }),
    async () => await startCoordinator({ dbPath, port: 0 }),
  ]) {
    const error = await (start() as Promise<unknown>).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'StoreError', message: expect.stringContaining(dbPath) as string })
    expect((error as Error).message).not.toContain('\n')
  }
})

test('a database that another coordinator has is refused, and the other goes on', async () => {
  const dbPath = join(scratchFolder(), 'a.db')
  const first = server()
  await first.register(coordinator, { dbPath })
  await expect(async () => await server().register(coordinator, { dbPath })).rejects.toThrow('another coordinator')
  await first.skyclaw.jobs.enqueue(shellJob())
})

test('a second coordinator on one server is refused before it opens its database', async () => {
  const app = server()
  await app.register(coordinator, { dbPath: join(scratchFolder(), 'a.db') })
  const dbPath = join(scratchFolder(), 'b.db')
  const second = async () => await app.register(coordinator, { dbPath, prefix: '/second' })
  await expect(second).rejects.toThrow('has a coordinator already')
  reopen(dbPath)
})

test('routes that the server has already reject the registration, and leave the database free', async () => {
  const app = server()
  app.get('/health', async () => 'mine')
  const dbPath = join(scratchFolder(), 'a.db')
  await expect(async () => await app.register(coordinator, { dbPath })).rejects.toThrow("'/health'")
  reopen(dbPath)
})

test('a record that cannot be read rejects the registration, and leaves the database free', async () => {
  const dbPath = join(scratchFolder(), 'a.db')
  const app = Fastify()
  await app.register(coordinator, { dbPath })
  await app.skyclaw.jobs.enqueue(shellJob())
  await app.close()
  const store = openStore({ path: dbPath })
  store.sqlite.exec(`update records set value = '{' where kind = 'job'`)
  store.close()
  await expect(async () => await server().register(coordinator, { dbPath })).rejects.toThrow('JSON')
  reopen(dbPath)
})

test('a port in use is said in one line, and leaves the database free', async () => {
  const first = await startCoordinator({ dbPath: join(scratchFolder(), 'a.db'), port: 0 })
  onTestFinished(() => first.close())
  const dbPath = join(scratchFolder(), 'b.db')
  const port = Number(new URL(first.url).port)
  await expect(startCoordinator({ dbPath, port })).rejects.toThrow(`port ${port} on 127.0.0.1 is in use`)
  reopen(dbPath)
})

test.each(['requestTimeoutMs', 'connectionTimeoutMs', 'closeTimeoutMs'])(
  '%s must be a whole number above 0',
  async (name) => {
    for (const wrong of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const start = startCoordinator({ dbPath: join(scratchFolder(), 'a.db'), port: 0, [name]: wrong })
      await expect(start).rejects.toThrow(`${name} must be a whole number`)
    }
  },
)
