import fc from 'fast-check'

/** A place in a JSON value. */
export type Path = readonly (string | number)[]

type Container = Record<string | number, unknown>

/** Every place in a value, itself included. */
export function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at]
  return [at, ...Object.entries(value).flatMap(([name, inner]) => pathsOf(inner, [...at, name]))]
}

/** The same value with another at a place. */
export function withValue(value: unknown, path: Path, inner: unknown): unknown {
  return edit(value, path, (parent, name) => void (parent[name] = inner), inner)
}

/** The same value without what is at a place. */
export function without(value: unknown, path: Path): unknown {
  return edit(value, path, (parent, name) => void delete parent[name], undefined)
}

function edit(value: unknown, path: Path, change: (parent: Container, name: string | number) => void, whole: unknown) {
  const last = path.at(-1)
  if (last === undefined) return whole
  const copy = structuredClone(value)
  let parent = copy as Container
  for (const name of path.slice(0, -1)) parent = parent[name] as Container
  change(parent, last)
  return copy
}

/** Values of every JSON type, and some that programs stumble over. */
export const oddities: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  -0,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  '',
  'x',
  '\0',
  '\ud800',
  '../../etc/passwd',
  '__proto__',
  'a'.repeat(5_000),
  [],
  [null],
  [[[[]]]],
  Array.from({ length: 2_000 }, () => 1),
  {},
  { unknown: 1 },
  { kind: 'constructor' },
  { toString: null, valueOf: 1 },
]

/** A valid value with one thing about it changed. */
export function mutantOf(value: unknown): fc.Arbitrary<unknown> {
  const paths = pathsOf(value)
  const place = fc.constantFrom(...paths)
  const inner = paths.filter((path) => path.length > 0)
  return fc.oneof(
    fc.tuple(place, fc.constantFrom(...oddities)).map(([path, odd]) => withValue(value, path, odd)),
    fc.tuple(place, fc.jsonValue()).map(([path, json]) => withValue(value, path, json)),
    fc.tuple(place, fc.string()).map(([path, name]) => withValue(value, [...path.slice(0, -1), name], 1)),
    ...(inner.length > 0 ? [fc.constantFrom(...inner).map((path) => without(value, path))] : []),
  )
}
