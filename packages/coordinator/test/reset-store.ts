import type { Store } from '@skyclaw/store'

/**
 * Makes a store as empty as a new one, under an instance id of the caller's, much faster than a new one is opened. What keeps
 * something of the store in memory (SqliteMeshStore) has to reload afterwards.
 *
 * @returns a function to be called outside a transaction; `turn` is what the turn counter shows
 */
export function prepareReset({ sqlite }: Store): (instance: string, turn?: number) => void {
  const all = "select name from sqlite_schema where type = 'table' and name <> '__drizzle_migrations'"
  const names = sqlite.prepare(all).pluck().all() as string[]
  const deletes = names.map((name) => sqlite.prepare(`delete from ${name}`))
  const name = sqlite.prepare("insert into meta (key, value) values ('instance', ?), ('turn', ?)")
  return sqlite.transaction((instance: string, turn = 0) => {
    for (const statement of deletes) statement.run()
    name.run(instance, String(turn))
  })
}
