import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What the model does when it is asked for one case. */
export type Reply =
  | { readonly say: string }
  /** Has a command run, and then says what it printed. */
  | { readonly exec: string }
  | { readonly refuse: string }
  | 'hang'

interface Message {
  readonly role: string
  readonly content: unknown
}

/** A model that does what the case says whose name is in the prompt, as `[[name]]`. It speaks OpenAI's protocol, as a stream. */
export class StubModel implements AsyncDisposable {
  readonly asked: string[] = []
  readonly #cases: Readonly<Record<string, () => Reply | Promise<Reply>>>
  readonly #server = createServer((request, response) => {
    text(request)
      .then((body) => this.#answer((JSON.parse(body) as { messages: Message[] }).messages, response))
      .catch((error: unknown) => void response.destroy(error as Error))
  })

  private constructor(cases: Readonly<Record<string, () => Reply | Promise<Reply>>>) {
    this.#cases = cases
  }

  static async start(cases: Readonly<Record<string, () => Reply | Promise<Reply>>>): Promise<StubModel> {
    const model = new StubModel(cases)
    model.#server.listen(0, '127.0.0.1')
    await once(model.#server, 'listening')
    return model
  }

  /** A configuration of OpenClaw that knows no other model. */
  get config(): object {
    const { port } = this.#server.address() as AddressInfo
    const provider = {
      baseUrl: `http://127.0.0.1:${port}/v1`,
      apiKey: 'not-a-secret',
      api: 'openai-completions',
      models: [{ id: 'stub-1', name: 'Stub' }],
    }
    return {
      agents: { defaults: { model: { primary: 'stub/stub-1' } } },
      models: { mode: 'replace', providers: { stub: provider } },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(messages: readonly Message[], response: ServerResponse): Promise<void> {
    // OpenClaw adds messages of its own after the prompt.
    const name = /\[\[([\w-]+)\]\]/.exec(JSON.stringify(messages.filter(({ role }) => role === 'user')))?.[1] ?? ''
    const tool = messages.findLast(({ role }) => role === 'tool')
    if (!tool) this.asked.push(name)
    const reply = (await this.#cases[name]?.()) ?? { refuse: `there is no case ${name}` }
    if (reply === 'hang') return
    if ('refuse' in reply) {
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message: reply.refuse, type: 'invalid_request_error' } }))
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if ('say' in reply) say(response, reply.say)
    else if (tool)
      say(response, `it printed ${typeof tool.content === 'string' ? tool.content : JSON.stringify(tool.content)}`)
    else call(response, reply.exec)
    const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 }
    response.write(`data: ${JSON.stringify({ ...chunk, choices: [], usage })}\n\n`)
    response.end('data: [DONE]\n\n')
  }
}

const chunk = { id: 'stub', object: 'chat.completion.chunk', created: 1, model: 'stub-1' }

function say(response: ServerResponse, content: string): void {
  send(response, { role: 'assistant', content })
  send(response, {}, 'stop')
}

function call(response: ServerResponse, command: string): void {
  const made = { name: 'exec', arguments: JSON.stringify({ command }) }
  send(response, { role: 'assistant', tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: made }] })
  send(response, {}, 'tool_calls')
}

function send(response: ServerResponse, delta: object, reason: string | null = null): void {
  response.write(`data: ${JSON.stringify({ ...chunk, choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`)
}
