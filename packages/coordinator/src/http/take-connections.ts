import type { Server } from 'node:net'

/** Rounds of the event loop that a turn waits for at most. */
const maxRounds = 256

/**
 * A schedule for turns that lets connections in first. Node takes one new connection in each round of its event loop, and a turn is a
 * round that takes long: without this, of many who come while there is much to do, one is let in with each turn, and the others are
 * not even told to come back later.
 */
export function afterConnections(server: Server): (run: () => void) => void {
  let came = false
  server.on('connection', () => void (came = true))
  return (run) => {
    let rounds = 0
    const next = () => {
      if (!came || rounds === maxRounds) return run()
      came = false
      rounds += 1
      setImmediate(next)
    }
    setImmediate(next)
  }
}
