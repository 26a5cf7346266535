import type { Job } from '@skyclaw/protocol'
import { renderOpenclaw } from './openclaw.ts'
import { renderOutput } from './output.ts'
import { shorten } from './plain-text.ts'
import type { Paint, Style } from './style.ts'
import { renderFields, renderTable } from './table.ts'
import { renderAge, renderDuration, renderTime } from './time.ts'
import { renderCpu, renderMemory, renderOutputBytes } from './usage.ts'

const whatChars = 48

/** What a job runs, as one would type it. */
function renderWhat({ payload }: Job): string {
  const words = payload.kind === 'shell' ? [payload.command] : ['openclaw']
  if (payload.kind === 'openclaw-run' && payload.message !== undefined) words.push(payload.message)
  return [...words, ...(payload.args ?? [])]
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(' ')
}

/** `queued`, or what is more to the point. */
export function renderStatus(job: Job, nowMs: number): string {
  if (job.status === 'leased') return job.cancelRequestedAt === undefined ? 'running' : 'cancelling'
  // Due as soon as it was made is not scheduled, even if the clocks here and there differ.
  const later = Date.parse(job.runAt) > Math.max(nowMs, Date.parse(job.createdAt))
  if (job.status === 'queued' && later) return 'scheduled'
  return job.status
}

function paintStatus(job: Job, style: Style): Paint {
  if (job.status === 'completed') return style.green
  if (job.status === 'failed') return style.red
  return job.status === 'leased' ? style.yellow : style.dim
}

/** A table of jobs. */
export function renderJobs(jobs: readonly Job[], nowMs: number, style: Style): string {
  return renderTable(
    [
      { title: 'ID', text: (job) => job.id },
      { title: 'STATUS', text: (job) => renderStatus(job, nowMs), paint: (job) => paintStatus(job, style) },
      { title: 'EXIT', text: (job) => job.result?.exitCode?.toString() ?? '-', dispensable: 4 },
      { title: 'TRIES', text: (job) => String(job.attempts), dispensable: 2 },
      {
        title: 'HOST',
        text: (job) => job.assignedHostId ?? job.attemptHistory.at(-1)?.hostId ?? '-',
        dispensable: 1,
      },
      { title: 'CREATED', text: (job) => renderAge(job.createdAt, nowMs), dispensable: 3 },
      { title: 'WHAT', text: (job) => shorten(renderWhat(job), whatChars) },
    ],
    jobs,
    style,
  )
}

/** Everything about one job. */
export function renderJob(job: Job, nowMs: number, style: Style): string {
  const { result, requirement } = job
  const labels = Object.entries(requirement.labels ?? {}).map(([key, value]) => `${key}=${value}`)
  const requires = [...(requirement.requiredCapabilities ?? []), ...labels].join(', ')
  const fields = renderFields(
    [
      ['id', job.id],
      ['status', renderStatus(job, nowMs)],
      ['what', renderWhat(job)],
      ['requires', requires || undefined],
      ['created', `${job.createdAt} (${renderAge(job.createdAt, nowMs)})`],
      [
        'runs at',
        renderStatus(job, nowMs) === 'scheduled' ? `${job.runAt} (${renderTime(job.runAt, nowMs)})` : undefined,
      ],
      ['host', job.assignedHostId],
      [
        'tries',
        `${job.attempts} (may fail ${job.maxAttempts}, lost its host ${job.leaseLosses} of ${job.maxLeaseLosses})`,
      ],
      ['exit code', result && (result.exitCode?.toString() ?? 'none')],
      ['signal', result?.signal],
      ['took', result && renderDuration(result.durationMs)],
      ['error', job.error],
      ['cancelled', job.cancelReason],
      ['duplicate of', job.duplicateOf],
      ['retry of', job.retryOf],
      ['secrets', Object.keys(job.payload.secretEnv ?? {}).join(', ') || undefined],
    ],
    style,
  )
  return (
    fields +
    renderAttempts(job, nowMs, style) +
    (result?.openclaw ? renderOpenclaw(result.openclaw, style) : renderOutput('stdout', result?.stdout, style)) +
    renderOutput('stderr', result?.stderr, style)
  )
}

function renderAttempts({ attemptHistory }: Job, nowMs: number, style: Style): string {
  if (attemptHistory.length === 0) return ''
  const { columns: _, ...wide } = style
  return `\n${renderTable(
    [
      { title: 'TRY', text: ({ attempt }) => String(attempt) },
      { title: 'HOST', text: ({ hostId }) => hostId },
      { title: 'STARTED', text: ({ startedAt }) => renderAge(startedAt, nowMs) },
      { title: 'OUTCOME', text: ({ outcome }) => outcome ?? 'running' },
      { title: 'EXIT', text: ({ exitCode, signal }) => signal ?? exitCode?.toString() ?? '-' },
      { title: 'TOOK', text: ({ durationMs }) => (durationMs === undefined ? '-' : renderDuration(durationMs)) },
      { title: 'CPU', text: renderCpu },
      { title: 'MEMORY', text: renderMemory },
      { title: 'OUTPUT', text: renderOutputBytes },
      { title: 'ERROR', text: ({ error }) => error ?? '' },
    ],
    attemptHistory,
    // An error is worth more than one line.
    wide,
  )}`
}
