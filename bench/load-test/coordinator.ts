/** A coordinator as its operators run it, but for how long it keeps what ended, for which there is no variable. */
import { startCoordinator } from '@skyclaw/coordinator/server'

const running = await startCoordinator(JSON.parse(process.argv[2]!))
process.once('SIGTERM', () => void running.close())
