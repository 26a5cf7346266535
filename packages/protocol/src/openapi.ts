import type { TSchema } from '@sinclair/typebox'
import { tokenHeader, idempotencyHeader } from './headers.ts'
import { Host } from './host.ts'
import { Job } from './job.ts'
import { Member, MemberNews } from './member.ts'
import { Payload } from './payload.ts'
import { PeerMessage } from './peer-message.ts'
import { Problem, problemContentType } from './problem.ts'
import { LedgerRecord, RecordValue, ReplicaSet, Version } from './record.ts'
import type { RouteDefinition } from './route.ts'
import { routes } from './routes/routes.ts'

type Json = Record<string, unknown>

/** What the document defines once and names elsewhere. */
const components = {
  Problem,
  Job,
  Host,
  Payload,
  Member,
  MemberNews,
  RecordValue,
  ReplicaSet,
  Version,
  LedgerRecord,
  PeerMessage,
}

const reference = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })
const names = new Map(Object.entries(components).map(([name, schema]) => [JSON.stringify(schema), name]))

/** The OpenAPI 3.1 document of the whole API, made from the route table. */
export function buildOpenApi(version: string): Json {
  const paths: Record<string, Json> = {}
  for (const [operationId, route] of Object.entries(routes)) {
    const path = route.path.replaceAll(/:([A-Za-z]+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(operationId, route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Skyclaw', version, license: { name: 'MIT', identifier: 'MIT' } },
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(components).map(([name, schema]) => [name, plain(schema, name)])),
      securitySchemes: {
        token: { type: 'apiKey', in: 'header', name: tokenHeader },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
  }
}

function operation(operationId: string, route: RouteDefinition): Json {
  const parameters = [...fields('path', route.params), ...fields('query', route.query)]
  if (route.idempotency !== 'none' && route.idempotency !== 'natural') {
    parameters.push({ name: idempotencyHeader, in: 'header', required: false, schema: { type: 'string' } })
  }
  return {
    operationId,
    summary: route.summary,
    security: route.auth ? [{ token: [] }, { bearer: [] }] : [],
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && {
      requestBody: { required: true, content: { 'application/json': { schema: plain(route.body) } } },
    }),
    ...(route.bytes && { requestBody: { required: true, content: { 'application/octet-stream': {} } } }),
    responses: {
      200: {
        description: 'OK',
        content: { [route.events ? 'text/event-stream' : 'application/json']: { schema: plain(route.response) } },
      },
      default: {
        description: 'A problem document (RFC 9457)',
        content: { [problemContentType]: { schema: reference('Problem') } },
      },
    },
  }
}

function fields(place: 'path' | 'query', schema: TSchema | undefined): Json[] {
  if (!schema) return []
  const required = new Set<string>(schema['required'] ?? [])
  return Object.entries(schema['properties'] as Record<string, TSchema>).map(([name, field]) => ({
    name,
    in: place,
    required: required.has(name),
    schema: plain(field),
  }))
}

/** The JSON of a schema, with references to the components in it. TypeBox's symbols and `$id` do not belong in the document. */
function plain(schema: TSchema, self?: string): Json {
  const text = JSON.stringify(schema, (key, value: unknown) => {
    if (key === '$id') return undefined
    const name = typeof value === 'object' ? names.get(JSON.stringify(value)) : undefined
    return name === undefined || name === self ? value : reference(name)
  })
  return JSON.parse(text) as Json
}
