// Loads what the coordinator is made of, since nobody may not be allowed to read it.
// oxlint-disable-next-line import/no-unassigned-import
import '../../packages/cli/src/environment.ts'
// oxlint-disable-next-line import/no-unassigned-import
import '../../packages/coordinator/src/server.ts'
import { openStore } from '../../packages/store/src/index.ts'

openStore({ path: ':memory:' }).close()
// Root may write everything, nobody may not.
if (process.getuid?.() === 0) process.setuid?.(65_534)
