import { expect, test } from 'vitest'
import { filesystemOf } from './machine.ts'

const mounts = `overlay / overlay rw 0 0
tmpfs /tmp tmpfs rw 0 0
/dev/sdb /tmp/data ext4 rw 0 0
`

test('a folder is on the file system that is mounted nearest above it', () => {
  expect(filesystemOf('/tmp/data/x', mounts)).toBe('ext4')
  expect(filesystemOf('/tmp/database', mounts)).toBe('tmpfs')
  expect(filesystemOf('/tmp', mounts)).toBe('tmpfs')
  expect(filesystemOf('/home', mounts)).toBe('overlay')
  expect(filesystemOf('/home', '')).toBe('unknown')
})
