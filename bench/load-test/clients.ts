/** Clients that enqueue, each through a client of its own and with a coordinator of its own to begin with. */
import { createClient, type SkyclawClient } from '@skyclaw/client'
import { undiciTransport } from '@skyclaw/client/undici'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { settings } from '../load/drive.ts'
import { payloadOf } from '../load/payload.ts'
import { onOrder, Teller } from './told.ts'

const { urls, token, clients, callsOfClient, payloadBytes, file } = settings() as {
  urls: string[]
  token: string
  clients: number
  callsOfClient: number
  payloadBytes: number
  /** An id of an acknowledged job a line. */
  file: string
}
const waitMs = 20
const pauseMs = 200
const teller = new Teller(file)
const transport = undiciTransport({ connections: clients * callsOfClient })
const payload = payloadOf(payloadBytes)
const state = { budget: 0, begun: 0, ended: false }

/** A UUIDv7 (RFC 9562), as the client makes them by itself. */
function timedKey(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}

/** A job is enqueued until it is acknowledged: a failure may have enqueued it, so it is asked again with the same key. */
async function enqueue(client: SkyclawClient): Promise<void> {
  const idempotencyKey = timedKey()
  for (;;) {
    const startedAt = performance.now()
    try {
      const { id } = await client.jobs.enqueue(payload, { idempotencyKey })
      teller.took(performance.now() - startedAt)
      teller.line(id)
      teller.done(1)
      return
    } catch (error) {
      teller.took(performance.now() - startedAt)
      teller.failed(error)
      await sleep(pauseMs)
    }
  }
}

async function work(client: SkyclawClient): Promise<void> {
  while (!state.ended) {
    if (state.begun < state.budget) {
      state.begun += 1
      await enqueue(client)
    } else await sleep(waitMs)
  }
}

onOrder((order) => {
  if (order.kind === 'budget') state.budget = order.jobs
  if (order.kind === 'end') state.ended = true
})
await Promise.all(
  Array.from({ length: clients }, (_, index) => {
    const first = index % urls.length
    const coordinators = [...urls.slice(first), ...urls.slice(0, first)]
    const client = createClient({ coordinators, token, transport, learn: false })
    return Promise.all(Array.from({ length: callsOfClient }, () => work(client)))
  }),
)
teller.end()
