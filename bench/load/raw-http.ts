/** POSTs one body again and again, as plainly as a program can: what a server can take, not a client. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { drive, report, settings } from './drive.ts'

const {
  urls,
  path,
  headers,
  body,
  base64Numbers = false,
  ...load
} = settings() as {
  urls: string[]
  path: string
  headers: Record<string, string>
  body: string
  /** `{n}` in the body becomes the operation's number; in base64 when this is set. */
  base64Numbers?: boolean
  operations: number
  concurrency: number
  warmUp: number
}
const numberText = (index: number) =>
  base64Numbers ? Buffer.from(String(index).padStart(9, '0')).toString('base64') : String(index)
const pools = urls.map((url) => new Pool(url, { connections: Math.max(1, Math.ceil(load.concurrency / urls.length)) }))
const maxTries = 50

/** Who is told to come back later does: the waiting is part of the operation's time. */
async function post(pool: Pool, content: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const answer = await pool.request({
      ...{ method: 'POST', path, body: content },
      headers: { 'content-type': 'application/json', ...headers },
    })
    const text = await answer.body.text()
    if (answer.statusCode === 200) return
    const waitS = Number(answer.headers['retry-after'])
    if (!(waitS >= 0) || tries === maxTries) throw new Error(`answered ${answer.statusCode}: ${text.slice(0, 200)}`)
    await sleep(waitS * 1_000)
  }
}

const result = await drive(load, (index) =>
  post(pools[index % pools.length]!, body.replaceAll('{n}', numberText(index))),
)
report(result)
await Promise.all(pools.map((pool) => pool.close()))
