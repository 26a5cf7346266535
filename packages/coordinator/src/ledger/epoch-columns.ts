import type { Epoch } from '@skyclaw/protocol'

interface EpochColumns {
  readonly epochN: number
  /** Empty when the number is 0: the record was never begun anew. */
  readonly epochNode: string
}

export function fromEpoch(epoch: Epoch | undefined): EpochColumns {
  return { epochN: epoch?.n ?? 0, epochNode: epoch?.node ?? '' }
}

/** The field that a record, a version or a register has when it was begun anew. */
export function toEpoch({ epochN, epochNode }: EpochColumns): { epoch?: Epoch } {
  return epochN === 0 ? {} : { epoch: { n: epochN, node: epochNode } }
}
