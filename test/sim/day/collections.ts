import { Session, type Runtime } from 'node:inspector'

/** A map, set or list that an object holds, and where: the names of the fields that lead to it. */
export interface Collection {
  readonly path: string
  readonly size: number
}

const place = '__skyclaw_looked_at'
/** Deeper than anything that a coordinator keeps for itself. */
const deepest = 8

/**
 * All maps, sets and lists that are reached from an object through its fields, private ones included, as a debugger sees them. Functions and
 * what they close over are not looked into.
 *
 * @param beside fields of these names lead to what is not the object's own
 */
export function collectionsOf(root: object, beside: ReadonlySet<string>): Collection[] {
  const session = new Session()
  session.connect()
  try {
    Reflect.set(globalThis, place, root)
    return new Walk(session, beside).from(place)
  } finally {
    Reflect.deleteProperty(globalThis, place)
    session.post('Runtime.releaseObjectGroup', { objectGroup: place })
    session.disconnect()
  }
}

class Walk {
  readonly #session: Session
  readonly #beside: ReadonlySet<string>
  readonly #found: Collection[] = []
  /** What was seen: object ids of the inspector are not stable, the objects are. */
  readonly #seen = new Set<unknown>()

  constructor(session: Session, beside: ReadonlySet<string>) {
    this.#session = session
    this.#beside = beside
  }

  from(name: string): Collection[] {
    Reflect.set(globalThis, `${place}_seen`, this.#seen)
    const { result } = this.#post('Runtime.evaluate', { expression: `globalThis.${name}`, objectGroup: place })
    this.#look(result, '', 0)
    Reflect.deleteProperty(globalThis, `${place}_seen`)
    return this.#found
  }

  #look(object: Runtime.RemoteObject, path: string, depth: number): void {
    const { objectId, type, subtype } = object
    if (objectId === undefined || type !== 'object' || depth > deepest || !this.#isNew(objectId)) return
    if (subtype === 'map' || subtype === 'set' || subtype === 'array') {
      this.#found.push({ path, size: this.#sizeOf(objectId) })
      return
    }
    const all = this.#post('Runtime.getProperties', { objectId, ownProperties: true })
    if (subtype === 'proxy') {
      const target = all.internalProperties?.find(({ name }) => name === '[[Target]]')?.value
      return target && this.#look(target, path, depth)
    }
    for (const { name, value } of [...all.result, ...(all.privateProperties ?? [])]) {
      if (value && !this.#beside.has(name)) this.#look(value, path === '' ? name : `${path}.${name}`, depth + 1)
    }
  }

  #isNew(objectId: string): boolean {
    const text = `function () { const all = globalThis.${place}_seen; const is = !all.has(this); all.add(this); return is }`
    return this.#call(objectId, text) === true
  }

  #sizeOf(objectId: string): number {
    return Number(this.#call(objectId, 'function () { return this.size ?? this.length }'))
  }

  #call(objectId: string, functionDeclaration: string): unknown {
    return this.#post('Runtime.callFunctionOn', { objectId, functionDeclaration, returnByValue: true }).result.value
  }

  /** The inspector answers within the call. */
  #post<M extends keyof Answers>(method: M, params: object): Answers[M] {
    let answer: Answers[M] | undefined
    let failure: Error | null = null
    this.#session.post(method, params, (error, result) => {
      failure = error
      answer = result as Answers[M]
    })
    if (!answer) throw failure ?? new Error(`the inspector gave no answer to ${method}`)
    return answer
  }
}

/** Private fields are told of since V8 knows them; the types of Node do not know it yet. */
interface Properties extends Runtime.GetPropertiesReturnType {
  readonly privateProperties?: readonly Pick<Runtime.PropertyDescriptor, 'name' | 'value'>[]
}

interface Answers {
  'Runtime.evaluate': Runtime.EvaluateReturnType
  'Runtime.getProperties': Properties
  'Runtime.callFunctionOn': Runtime.CallFunctionOnReturnType
}
