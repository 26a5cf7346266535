/** As many characters of an instance id as `peers forget` wants at least. */
const minChars = 8

/** The beginning of an instance id that no other one shares, at least eight characters; whole when a name reads the same. */
export function shortInstance(instance: string, members: Iterable<{ instance?: string; nodeId?: string }>): string {
  const all = [...members]
  const others = all.flatMap((member) => (member.instance === instance ? [] : (member.instance ?? [])))
  let chars = minChars
  while (chars < instance.length && others.some((other) => other.startsWith(instance.slice(0, chars)))) chars += 1
  const short = instance.slice(0, chars)
  return all.some(({ nodeId }) => nodeId === short) ? instance : short
}
