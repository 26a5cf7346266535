export { runCli } from './cli.ts'
export { exitCodeOf, exitCodes } from './exit-codes.ts'
export { type Io, type Output, processIo } from './io.ts'
