import { wireVersion } from '@skyclaw/protocol'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { PeerError } from './peer-error.ts'
import { PeerLinks } from './peer-links.ts'
import { ThrottledLog } from './throttled-log.ts'
import { Traffic } from './traffic.ts'

/** Servers that answer each batch as the instance that they are given, and count the connections that are open. */
async function serve(instance: string) {
  const counted = { open: 0, batches: 0 }
  const server = createServer((request, response) => {
    counted.batches += 1
    request.resume()
    response.end(JSON.stringify({ from: instance, boot: 'x', turn: 1, messages: [] }))
  })
  server.on('connection', (socket) => {
    counted.open += 1
    socket.on('close', () => void (counted.open -= 1))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, counted }
}

function open(urls: ReadonlyMap<string, string>) {
  const traffic = new Traffic()
  const log = { info: () => undefined, warn: () => undefined }
  const links = new PeerLinks({
    ...{ token: undefined, traffic, messagesTimeoutMs: 2_000, feedTimeoutMs: 2_000 },
    warnings: new ThrottledLog(log as never, () => performance.now()),
    self: () => ({ instance: 'a', boot: 'x', turn: 1 }),
    urlOf: (instance) => urls.get(instance),
    versionOf: () => wireVersion,
    see: () => true,
  })
  const answered: string[] = []
  const failed: [string, PeerError][] = []
  links.open({
    messages: () => undefined,
    page: () => undefined,
    missedPage: () => undefined,
    answered: (from) => void answered.push(from),
    failed: (from, _url, error) => void failed.push([from, error]),
  })
  onTestFinished(() => links.close())
  return { links, answered, failed, traffic }
}

const ask = { type: 'ask' as const, id: '1', by: 'key' as const, text: 'job:x' }

test('the connections to where no member is any more are closed, the others stay', async () => {
  const [b, c] = [await serve('b'), await serve('c')]
  const urls = new Map([
    ['b', b.url],
    ['c', c.url],
  ])
  const { links, answered } = open(urls)
  for (const to of ['b', 'c']) links.send(to, [ask])
  await expect.poll(() => answered.toSorted()).toEqual(['b', 'c'])
  urls.delete('b')
  links.retain(new Set([c.url]))
  await expect.poll(() => b.counted.open).toBe(0)
  expect(c.counted.open).toBe(1)
  links.send('b', [ask])
  expect(b.counted.batches).toBe(1)
})

test('a member that moves gets what is sent to it at its new place', async () => {
  const [before, after] = [await serve('b'), await serve('b')]
  const urls = new Map([['b', before.url]])
  const { links, answered } = open(urls)
  links.send('b', [ask])
  await expect.poll(() => answered.length).toBe(1)
  urls.set('b', after.url)
  links.retain(new Set(urls.values()))
  links.send('b', [ask])
  await expect.poll(() => answered.length).toBe(2)
  expect([before.counted, after.counted]).toEqual([
    { open: 0, batches: 1 },
    { open: 1, batches: 1 },
  ])
})

test('an answer of somebody else is taken for no answer of the member that was asked', async () => {
  const other = await serve('c')
  const { links, answered, failed } = open(new Map([['b', other.url]]))
  links.send('b', [ask])
  await expect.poll(() => failed.length).toBe(1)
  expect(failed[0]).toMatchObject(['b', { kind: 'malformed' }])
  expect(answered).toEqual([])
})
