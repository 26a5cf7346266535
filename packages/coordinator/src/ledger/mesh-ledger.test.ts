import { afterAll, describe, test } from 'vitest'
import { MeshLedgers } from '../../test/mesh-ledgers.ts'
import { ledgerConformance } from './conformance.ts'

const ledgers = new MeshLedgers()
afterAll(() => ledgers[Symbol.dispose]())

describe('the ledger of a lone coordinator conforms to the port', () => {
  // oxlint-disable-next-line vitest/expect-expect -- the cases assert
  for (const { name, run } of ledgerConformance) test(name, () => run(() => ledgers.create()))
})

describe('the ledger of one of three coordinators conforms to the port', () => {
  // oxlint-disable-next-line vitest/expect-expect -- the cases assert
  for (const { name, run } of ledgerConformance) test(name, () => run(() => ledgers.createThree()))
})
