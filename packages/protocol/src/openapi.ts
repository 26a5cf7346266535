import type { TSchema } from '@sinclair/typebox'
import { tokenHeader, idempotencyHeader } from './headers.ts'
import { Problem, problemContentType } from './problem.ts'
import type { RouteDefinition } from './route.ts'
import { routes } from './routes/routes.ts'

type Json = Record<string, unknown>

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
      schemas: { Problem: plain(Problem) },
      securitySchemes: {
        token: { type: 'apiKey', in: 'header', name: tokenHeader },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
  }
}

function operation(operationId: string, route: RouteDefinition): Json {
  const parameters = [...fields('path', route.params), ...fields('query', route.query)]
  if (route.idempotency !== 'none') {
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
    responses: {
      200: { description: 'OK', content: { 'application/json': { schema: plain(route.response) } } },
      default: {
        description: 'A problem document (RFC 9457)',
        content: { [problemContentType]: { schema: { $ref: '#/components/schemas/Problem' } } },
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

/** The JSON of a schema: TypeBox's symbols and `$id` do not belong in the document. */
function plain(schema: TSchema): Json {
  return JSON.parse(JSON.stringify(schema, (key, value: unknown) => (key === '$id' ? undefined : value))) as Json
}
