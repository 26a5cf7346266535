import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { TcpProxy } from './tcp-proxy.ts'
import { atEnd } from './undo.ts'
import { until } from './until.ts'
import { type Wired, Wires } from './wires.ts'

/** Longer than bytes take on loopback. */
const silenceMs = 100

/** A server that answers what it is told, and keeps it. */
async function startEcho(address: string) {
  const heard: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      heard.push(chunk.toString())
      socket.write(`heard ${chunk.toString()}`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => void server.close())
  return { address, heard, proxy: await TcpProxy.start((server.address() as AddressInfo).port) }
}

/** A connection of one to another one through the other's proxy, and what came back on it. */
async function call(from: Wired, to: Wired) {
  const { port } = new URL(to.proxy!.url)
  const socket: Socket = connect({ host: '127.0.0.1', port: Number(port), localAddress: from.address })
  const answers: string[] = []
  socket.on('data', (chunk: Buffer) => answers.push(chunk.toString()))
  socket.on('error', () => undefined)
  atEnd(() => void socket.destroy())
  await once(socket, 'connect')
  return { socket, answers }
}

async function startThree() {
  const [a, b, c] = [await startEcho('127.0.0.11'), await startEcho('127.0.0.12'), await startEcho('127.0.0.13')]
  return { a, b, c, wires: new Wires([a, b, c]) }
}

test('a cut swallows both ways, on old connections and new ones, for those it names alone, until it is mended', async () => {
  const { a, b, c, wires } = await startThree()
  const old = await call(a, b)
  wires.cut({ from: [a], to: [b], how: 'swallows' })
  const [there, back, other] = [await call(a, b), await call(b, a), await call(a, c)]
  for (const [index, { socket }] of [old, there, back, other].entries()) socket.write(String(index))
  await until('the other one to answer', () => other.answers.join() === 'heard 3')
  await pause(silenceMs)
  expect([...b.heard, ...a.heard, ...old.answers, ...there.answers, ...back.answers]).toEqual([])
  expect([old, there, back].map(({ socket }) => socket.destroyed)).toEqual([false, false, false])
  wires.mend()
  await until(
    'what was said to arrive late',
    () => old.answers.join() + there.answers.join() + back.answers.join() === 'heard 0heard 1heard 2',
  )
})

test('a cut of one way lets through what is asked from the other side, and not the answers', async () => {
  const { a, b, wires } = await startThree()
  wires.cut({ from: [a], to: [b], how: 'swallows', oneWay: true })
  const [there, back] = [await call(a, b), await call(b, a)]
  there.socket.write('from a')
  back.socket.write('from b')
  await until('what b asks to arrive', () => a.heard.join() === 'from b')
  await pause(silenceMs)
  expect([...b.heard, ...back.answers]).toEqual([])
})

test('a cut that breaks connections resets old ones and new ones', async () => {
  const { a, b, wires } = await startThree()
  const old = await call(a, b)
  wires.cut({ from: [b], to: [a], how: 'breaks' })
  await until('the old one to be reset', () => old.socket.destroyed)
  const later = await call(a, b).catch(() => undefined)
  await until('the new one to be reset', () => later === undefined || later.socket.destroyed)
  expect(b.heard).toEqual([])
})
