import { test } from 'vitest'

type DefineTest = (name: string, run: () => Promise<void>) => void

/** `test` for routes that a case concerns, and nothing for the others: what cannot apply is no skipped test. */
export function testWhere(applies: unknown): DefineTest {
  return applies ? test : () => undefined
}
