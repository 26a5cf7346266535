import { Server } from 'node:net'
import { setImmediate as round } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { afterConnections } from './take-connections.ts'

/** Rounds until a turn was taken, when in each of the first so many a connection comes. */
async function roundsUntilTaken(connections: number): Promise<number> {
  const server = new Server()
  const schedule = afterConnections(server)
  let taken = false
  schedule(() => void (taken = true))
  for (let rounds = 1; ; rounds += 1) {
    if (rounds <= connections) server.emit('connection')
    await round()
    if (taken) return rounds
  }
}

test('a turn is taken in the next round, or when the connections that come one by one are let in, and not ever later', async () => {
  expect(await roundsUntilTaken(0)).toBe(1)
  expect(await roundsUntilTaken(5)).toBe(6)
  expect(await roundsUntilTaken(1_000)).toBe(257)
})
