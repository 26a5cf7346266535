import { afterEach, beforeEach } from 'vitest'
import { MeshLedgers, type NetworkHarness } from './mesh-ledgers.ts'
import { createServices } from './services.ts'

type Services = ReturnType<typeof createServices>

interface ThreeServices {
  harness: NetworkHarness
  services: [Services, Services, Services]
}

/** Gives each test of a file three coordinators that agree, with their services; they are there once the test runs. */
export function useThreeServices(): ThreeServices {
  const ledgers = new MeshLedgers()
  const three = {} as ThreeServices
  beforeEach(async () => {
    three.harness = await ledgers.createThree()
    const { nodes, clock } = three.harness
    three.services = nodes.map(({ ledger }) => createServices({ ledger, clock })) as ThreeServices['services']
  })
  afterEach(async () => {
    for (const { claims } of three.services) claims.close()
    await three.harness.close()
  })
  return three
}
