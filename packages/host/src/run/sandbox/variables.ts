import type { Environment } from '../environment.ts'

/** The first variable that cannot be handed to a sandbox, as a sentence: an argument list ends at what it holds. */
export function unfitVariable(env: Environment): string | undefined {
  const entry = Object.entries(env).find(([name, value]) => /^$|[=\0]/.test(name) || value.includes('\0'))
  return entry && `the environment variable ${JSON.stringify(entry[0].slice(0, 200))} holds what no variable can hold`
}
