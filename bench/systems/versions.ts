import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { versionOf } from '../server-process.ts'

const require = createRequire(import.meta.url)

export async function skyclawVersion(): Promise<string> {
  const file = join(import.meta.dirname, '../../packages/coordinator/package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

export async function bullmqVersion(): Promise<string> {
  const { version } = require('bullmq/package.json') as { version: string }
  const redis = /v=([\d.]+)/.exec((await versionOf('redis-server', '--version')) ?? '')?.[1]
  return `${version} on Redis ${redis}`
}

export async function etcdVersion(): Promise<string> {
  return ((await versionOf('etcd', '--version')) ?? '').replace('etcd Version: ', '')
}
