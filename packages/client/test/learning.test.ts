import { expect, test } from 'vitest'
import { createClient } from '../src/index.ts'
import { deadUrl, health, json, type Received, serve } from './serve.ts'

const member = { nodeId: 'n', instance: 'i', version: '0', state: 'alive' }

/** What a coordinator answers that knows these. */
function network(request: Received, self: string, peers: readonly object[]): unknown {
  return request.url === '/v1/network/peers' ? { self: { ...member, url: self }, peers } : health
}

test('a client in use learns the members that are alive and whose URL is verified, and goes on at them', async () => {
  await using second = await serve((request, response) => json(response, 200, network(request, '', [])))
  const peers = [
    { url: second.url, state: 'alive' },
    { url: 'http://127.0.0.1:2', state: 'dead' },
    { url: 'http://127.0.0.1:3', state: 'suspect' },
    { url: 'http://127.0.0.1:4', state: 'alive', ready: false },
    { url: 'http://127.0.0.1:5', state: 'alive', troubles: ['unverified'] },
    { url: 'file:///etc/passwd', state: 'alive' },
    { url: 'http://user:password@127.0.0.1:6', state: 'alive' },
  ]
  const first = await serve((request, response) => json(response, 200, network(request, 'nonsense', peers)))
  const client = createClient({ coordinators: [first.url] })
  await client.health()
  await expect.poll(() => client.coordinators, { timeout: 5_000 }).toEqual([first.url, second.url])
  await first[Symbol.asyncDispose]()
  expect(await client.health()).toEqual(health)
  await client.close()
})

test('a client asks for the network at most once in learnEveryMs, and only after it was used again', async () => {
  await using server = await serve((request, response) => json(response, 200, network(request, '', [])))
  const questions = () => server.received.filter(({ url }) => url === '/v1/network/peers').length
  const client = createClient({ coordinators: [server.url], learnEveryMs: 60_000 })
  for (let count = 0; count < 3; count++) await client.health()
  await expect.poll(questions, { timeout: 5_000 }).toBe(1)
  for (let count = 0; count < 3; count++) await client.health()
  await expect.poll(() => server.received.length).toBe(7)
  expect(questions()).toBe(1)
  await client.close()
})

test('a client that is closed after its call has asked for nothing else', async () => {
  await using server = await serve((request, response) => json(response, 200, network(request, '', [])))
  const client = createClient({ coordinators: [server.url] })
  await client.health()
  await client.close()
  expect(server.received).toHaveLength(1)
})

test('with learn: false, a client is confined to what it was given', async () => {
  await using server = await serve((request, response) => json(response, 200, network(request, '', [])))
  const [quiet, curious] = [false, true].map((learn) => createClient({ coordinators: [server.url], learn }))
  await quiet!.health()
  await curious!.health()
  // The one that began later has asked: the other one never will.
  const questions = () => server.received.filter(({ url }) => url === '/v1/network/peers').length
  await expect.poll(questions, { timeout: 5_000 }).toBe(1)
  await Promise.all([quiet!.close(), curious!.close()])
})

test('an answer without sense leaves a client with what it knows', async () => {
  const dead = await deadUrl()
  await using server = await serve((request, response) =>
    json(response, 200, request.url === '/health' ? health : { self: null, peers: { length: 3 } }),
  )
  const client = createClient({ coordinators: [server.url] })
  client.learnCoordinators([dead])
  await client.health()
  await expect.poll(() => server.received.length, { timeout: 5_000 }).toBe(2)
  await client.health()
  expect(client.coordinators).toEqual([server.url, dead])
  await client.close()
})
