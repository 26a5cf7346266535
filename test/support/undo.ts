import { afterAll, onTestFinished } from 'vitest'

type Undo = () => unknown

const undos: Undo[] = []

afterAll(async () => {
  for (const undo of undos.splice(0).toReversed()) await undo()
})

/** Undoes something at the end of the test, however it ends; called in `beforeAll`, at the end of the file. What came last goes first. */
export function atEnd(undo: Undo): void {
  try {
    onTestFinished(async () => void (await undo()))
  } catch {
    undos.push(undo)
  }
}
