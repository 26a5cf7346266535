import { isUnread } from './follow/sink.ts'
import { processIo } from './io.ts'
import { asksForVersion, version } from './version.ts'

// Whoever stops reading ends no work under way: a host has jobs to end, and `run` an exit code to pass on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    const isHandled = stream.listenerCount('error') > 1
    if (!isHandled && !isUnread(error)) throw error
  })
}

const words = process.argv.slice(2)
if (asksForVersion(words)) {
  process.stdout.write(`${version}\n`)
} else {
  // Loading the commands is most of what a short command costs.
  const { runCli } = await import('./cli.ts')
  // The exit code is set rather than exited with, so that output still on its way is written.
  process.exitCode = await runCli(words, processIo())
}
