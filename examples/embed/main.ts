/**
 * A server that makes thumbnails, and had its own routes, error handler and 404 before Skyclaw came. It now hosts a coordinator under
 * /skyclaw and hands its slow work to whatever hosts are there, through `app.skyclaw` in its own process.
 */
import { coordinator } from '@skyclaw/coordinator'
import Fastify from 'fastify'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    db: { type: 'string', default: '.skyclaw/embedded.db' },
    port: { type: 'string', default: '3000' },
    token: { type: 'string' },
  },
})
if (!values.token) {
  console.error('choose a token for the hosts: node main.ts --token SECRET')
  process.exit(2)
}

const app = Fastify()
app.setErrorHandler((error, _request, reply) => reply.code(500).send({ oops: String(error) }))
app.setNotFoundHandler((request, reply) => reply.code(404).send({ nothingAt: request.url }))
app.get('/', async () => ({ service: 'thumbnails' }))

await app.register(coordinator, { prefix: '/skyclaw', dbPath: values.db, token: values.token })

app.post<{ Params: { name: string } }>('/thumbnails/:name', async (request, reply) => {
  const { name } = request.params
  // The name is the key: asking twice for one picture makes one job.
  const { job } = await app.skyclaw.jobs.enqueue(
    {
      payload: { kind: 'shell', command: 'convert', args: [name, '-thumbnail', '200x200', `small-${name}`] },
      maxAttempts: 3,
    },
    `thumbnail:${name}`,
  )
  return reply.code(202).send({ job: job.id })
})

app.get<{ Params: { id: string } }>('/thumbnails/jobs/:id', async (request) => {
  const { status, result } = await app.skyclaw.jobs.get(request.params.id)
  return { status, output: result?.stdout }
})

await app.listen({ host: '127.0.0.1', port: Number(values.port) })
console.log(`listening on ${app.listeningOrigin}`)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void app.close())
