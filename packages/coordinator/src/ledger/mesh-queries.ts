import {
  prepareCounters,
  prepareDropRecord,
  prepareDropRegister,
  prepareDueRecords,
  prepareFindKeysByBase,
  prepareFindKeysByTag,
  prepareGetRecord,
  prepareGetRegister,
  prepareGetStanding,
  prepareListChangeable,
  prepareListKeysBetween,
  prepareListUnlearned,
  prepareMembers,
  preparePromoteDue,
  preparePruneRecords,
  preparePruneRegisters,
  preparePutPromise,
  preparePutRecord,
  preparePutRegister,
  prepareSaveFeedSeq,
  type StoreDatabase,
} from '@skyclaw/store'

/** The statements of the mesh's store, prepared once. */
export function prepareMeshQueries(db: StoreDatabase) {
  return {
    counters: prepareCounters(db),
    dropRecord: prepareDropRecord(db),
    dropRegister: prepareDropRegister(db),
    due: prepareDueRecords(db),
    findKeysByBase: prepareFindKeysByBase(db),
    findKeysByTag: prepareFindKeysByTag(db),
    getRecord: prepareGetRecord(db),
    getRegister: prepareGetRegister(db),
    getStanding: prepareGetStanding(db),
    listChangeable: prepareListChangeable(db),
    listKeysBetween: prepareListKeysBetween(db),
    listUnlearned: prepareListUnlearned(db),
    members: prepareMembers(db),
    promoteDue: preparePromoteDue(db),
    pruneRecords: preparePruneRecords(db),
    pruneRegisters: preparePruneRegisters(db),
    putPromise: preparePutPromise(db),
    putRecord: preparePutRecord(db),
    putRegister: preparePutRegister(db),
    saveFeedSeq: prepareSaveFeedSeq(db),
  }
}

export type MeshQueries = ReturnType<typeof prepareMeshQueries>
