import type { Payload } from '@skyclaw/protocol'
import { messageOf } from '../retry.ts'
import { runOpenclaw } from './openclaw.ts'
import { Secrets } from './redact.ts'
import { refused, type RunResult, withoutSecrets } from './result.ts'
import type { AttemptRun, RunContext } from './run-context.ts'
import { runShell } from './shell.ts'

/**
 * Runs one attempt of whatever kind, and has ended all of it when it resolves. A host that cannot, or breaks, makes a failed
 * attempt, never a crash. No secret of the payload is in the result.
 */
export async function runPayload(context: RunContext, payload: Payload, attempt: AttemptRun): Promise<RunResult> {
  const secrets = new Secrets(Object.values(payload?.secretEnv ?? {}))
  return withoutSecrets(await run(context, payload, attempt), secrets)
}

async function run(context: RunContext, payload: Payload, attempt: AttemptRun): Promise<RunResult> {
  try {
    switch (payload.kind) {
      case 'shell':
        return await runShell(context, payload, attempt)
      case 'openclaw-run':
        return await runOpenclaw(context, payload, attempt)
      default:
        return refused(
          126,
          `this host does not know jobs of the kind ${JSON.stringify((payload as { kind: unknown }).kind)}`,
        )
    }
  } catch (error) {
    return refused(125, `the host failed to run the job: ${messageOf(error)}`)
  }
}
