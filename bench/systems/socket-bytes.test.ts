import { expect, test } from 'vitest'
import { sentBytesOf } from './socket-bytes.ts'

const line = (from: number, to: number, pid: number, bytes: number) =>
  `ESTAB 0      0      127.0.0.1:${from} 127.0.0.1:${to} users:(("MainThread",pid=${pid},fd=33)) bbr bytes_sent:${bytes} bytes_acked:${bytes}`

test('only what the given processes sent to the given ports counts', () => {
  const toPeer = line(40_000, 8_001, 11, 1_000)
  const toOtherPeer = line(40_001, 8_002, 12, 200)
  const answers = line(8_001, 40_000, 12, 7)
  const ofClient = line(40_002, 8_001, 99, 5_000)
  const unused = 'ESTAB 0 0 127.0.0.1:40003 127.0.0.1:8001 users:(("MainThread",pid=11,fd=9)) bbr rto:200'
  const table = [toPeer, toOtherPeer, answers, ofClient, unused].join('\n')
  expect(sentBytesOf(table, [11, 12], [8_001, 8_002])).toBe(1_200)
})
