/** POSTs one body again and again, as plainly as a program can: what a server can take, not a client. */
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
const result = await drive(load, async (index) => {
  const pool = pools[index % pools.length]!
  const answer = await pool.request({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', ...headers },
    body: body.replaceAll('{n}', numberText(index)),
  })
  const text = await answer.body.text()
  if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}: ${text.slice(0, 200)}`)
})
report(result)
await Promise.all(pools.map((pool) => pool.close()))
