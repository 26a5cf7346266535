/**
 * Secrets of jobs at rest. The values of `secretEnv` are sealed when a job is enqueued, and opened in one place, the answer to the claim
 * that leased the job. In between there is one text that only the token opens: AES-256-GCM with a random nonce (NIST SP 800-38D), under a
 * key that HKDF (RFC 5869) makes of the token. The names of the variables, which are no secret, are authenticated with it.
 *
 * A request's idempotency needs to know whether two secrets are the same one, and a plain hash of a short one could be guessed: there
 * each value is stood for by an HMAC, under another key that is made of the token.
 */
import { limits, type Payload, ProblemError, redacted } from '@skyclaw/protocol'
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

type SecretEnv = NonNullable<Payload['secretEnv']>

const version = 'v1.'
const nonceBytes = 12
const tagBytes = 16

/** A payload as it may be kept, and the values that were in it. */
export interface SealedPayload {
  readonly payload: Payload
  readonly sealedEnv?: string
}

/** Seals and opens under one token. Without one the keys are known to everybody. */
export class Secrets {
  readonly #sealKey: Buffer
  readonly #markKey: Buffer

  constructor(token: string | undefined) {
    this.#sealKey = deriveKey(token, 'skyclaw sealed environment 1')
    this.#markKey = deriveKey(token, 'skyclaw mark of a secret 1')
  }

  /** Takes the values out of a payload. Throws `invalid_request` when they are too many bytes. */
  seal(payload: Payload): SealedPayload {
    const { secretEnv } = payload
    if (!secretEnv || Object.keys(secretEnv).length === 0) return { payload }
    const text = Buffer.from(JSON.stringify(secretEnv))
    if (text.length > limits.secretsBytes) {
      const detail = `payload.secretEnv takes ${text.length} bytes, and all of it may take ${limits.secretsBytes}`
      throw new ProblemError('invalid_request', detail, { field: 'payload.secretEnv' })
    }
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#sealKey, nonce, { authTagLength: tagBytes })
    cipher.setAAD(namesOf(secretEnv))
    const sealed = Buffer.concat([cipher.update(text), cipher.final()])
    const sealedEnv = version + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
    return { payload: withValues(payload, () => redacted), sealedEnv }
  }

  /** The payload with its values again, or undefined when they were sealed under another token, or are not these. */
  open({ payload, sealedEnv }: SealedPayload): Payload | undefined {
    const { secretEnv } = payload
    if (!secretEnv || Object.keys(secretEnv).length === 0) return payload
    const values = sealedEnv === undefined ? undefined : this.#open(sealedEnv, secretEnv)
    return values && { ...payload, secretEnv: values }
  }

  /** The body of a request as its hash is made of it: without its secrets, and another one when one of them is. */
  marked<T extends { readonly payload: Payload }>(body: T): T {
    if (body.payload.secretEnv === undefined) return body
    return { ...body, payload: withValues(body.payload, (value, name) => this.#mark(name, value)) }
  }

  #open(sealedEnv: string, names: SecretEnv): SecretEnv | undefined {
    if (!sealedEnv.startsWith(version)) return undefined
    const bytes = Buffer.from(sealedEnv.slice(version.length), 'base64url')
    if (bytes.length < nonceBytes + tagBytes) return undefined
    const options = { authTagLength: tagBytes }
    const decipher = createDecipheriv('aes-256-gcm', this.#sealKey, bytes.subarray(0, nonceBytes), options)
    decipher.setAAD(namesOf(names))
    decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
    try {
      const text = Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()])
      return JSON.parse(text.toString()) as SecretEnv
    } catch {
      // The one thing that it can say: the tag is not that of this key, these names and these bytes.
      return undefined
    }
  }

  #mark(name: string, value: string): string {
    return createHmac('sha256', this.#markKey)
      .update(JSON.stringify([name, value]))
      .digest('hex')
  }
}

function deriveKey(token: string | undefined, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', token ?? '', '', purpose, 32))
}

function namesOf(secretEnv: SecretEnv): Buffer {
  return Buffer.from(JSON.stringify(Object.keys(secretEnv).toSorted()))
}

function withValues(payload: Payload, value: (value: string, name: string) => string): Payload {
  const entries = Object.entries(payload.secretEnv ?? {}).map(([name, secret]) => [name, value(secret, name)] as const)
  return { ...payload, secretEnv: Object.fromEntries(entries) }
}
