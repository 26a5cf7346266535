import { runCli } from './cli.ts'
import { processIo } from './io.ts'

// Whoever reads our output may stop early, as `| head` does: that is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0)
    throw error
  })
}

// The exit code is set rather than exited with, so that output still on its way is written.
process.exitCode = await runCli(process.argv.slice(2), processIo())
