import { Problem, type ProblemCode, problemContentType, problems, type OperationId, routes } from '@skyclaw/protocol'
import { Ajv, type ValidateFunction } from 'ajv'
import { expect } from 'vitest'
import { isTimestamp } from '../../src/http/validator.ts'

/** An answer, however it was got. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

const ajv = new Ajv({
  discriminator: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  unicode: false,
  logger: false,
})
ajv.addFormat('date-time', isTimestamp)
ajv.addFormat('http-url', (text: string) => URL.canParse(text))

const isProblem = ajv.compile(Problem)
const responses = new Map<OperationId, ValidateFunction>()

/** The protocol's own check of a schema, for tests that must know whether a value is valid. */
export function compile(schema: object): ValidateFunction {
  return ajv.compile(schema)
}

function responseCheck(id: OperationId): ValidateFunction {
  const check = responses.get(id) ?? ajv.compile(withoutIds(routes[id].response))
  responses.set(id, check)
  return check
}

/** A schema that stands in another one twice must not have a name: as in the OpenAPI document. */
function withoutIds(schema: object): object {
  return JSON.parse(JSON.stringify(schema, (key, value: unknown) => (key === '$id' ? undefined : value))) as object
}

/** Asserts that an answer is what the protocol says: the route's response, or a problem document that is right in itself. */
export function expectConforms(id: OperationId, answer: Answer): void {
  if (answer.status < 200 || answer.status > 299) {
    expectProblem(answer)
    return
  }
  expect(answer.headers['content-type']).toMatch(/^application\/json/)
  const check = responseCheck(id)
  const valid = check(JSON.parse(answer.text))
  expect(valid ? [] : check.errors, `${id} answered ${answer.text.slice(0, 500)}`).toEqual([])
}

/** Asserts that an answer is a problem document below 500, of one of the codes when some are given, and gives it. */
export function expectProblem(answer: Answer, ...codes: ProblemCode[]): Problem {
  const [mediaType] = String(answer.headers['content-type']).split(';')
  expect(mediaType, answer.text.slice(0, 500)).toBe(problemContentType)
  const document = JSON.parse(answer.text) as Problem
  expect(isProblem(document) ? [] : isProblem.errors, answer.text).toEqual([])
  const { status, title, retryable } = problems[document.code]
  expect(document).toMatchObject({
    status,
    title,
    retryable,
    error: title,
    type: `urn:skyclaw:problem:${document.code}`,
  })
  expect(answer.status).toBe(status)
  expect(document.code).not.toBe('internal')
  if (codes.length > 0) expect(codes, document.detail).toContain(document.code)
  return document
}
