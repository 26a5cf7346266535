import { connect } from 'node:net'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { startTestCoordinator, token } from '../http/test-coordinator.ts'
import { beginJob, readAll, send } from './log-network.ts'

const readers = 30
const pieceBytes = 65_536
const logBytes = 8 * 1_048_576

test('readers that do not read cost the coordinator little memory, and none of them holds up the others', async () => {
  const node = await startTestCoordinator({ maxLogBytes: logBytes })
  const id = await beginJob(node)
  const piece = Buffer.alloc(pieceBytes, 'x')
  for (let offset = 0; offset < logBytes; offset += pieceBytes) await send(node, id, offset, piece)
  const before = process.memoryUsage().rss
  for (let index = 0; index < readers; index += 1) {
    const socket = connect(node.port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.write(`GET /v1/jobs/${id}/logs?follow=1 HTTP/1.1\r\nhost: 127.0.0.1\r\nx-skyclaw-token: ${token}\r\n\r\n`)
    // The answer has begun; from now on nobody reads it.
    await once(socket, 'readable')
  }
  const events = await readAll(node, id)
  expect(events.reduce((sum, { event, data }) => sum + (event === 'chunk' ? data.bytes : 0), 0)).toBe(logBytes)
  const grownMegabytes = (process.memoryUsage().rss - before) / 1_048_576
  // All of it for each of them would be 240.
  expect(grownMegabytes).toBeLessThan(120)
})
