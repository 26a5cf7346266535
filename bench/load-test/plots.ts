import { linePlot } from '../plot/line-plot.ts'
import type { Series } from '../scenario.ts'
import type { NodeSample, Sample } from './sampler.ts'

const megabyte = 1_048_576
const maxPoints = 240
const rateSeconds = 10

/** Memory, files, the queue and the rates of a load test over time. */
export function loadPlots(samples: readonly Sample[]): string {
  const step = Math.max(1, Math.ceil(samples.length / maxPoints))
  const shown = samples.filter((_, index) => index % step === 0)
  const ofNodes = (name: string, of: (node: NodeSample) => number): Series[] =>
    (samples[0]?.nodes ?? []).map((_, index) => ({
      name: `${name} of coordinator ${index}`,
      points: shown.map(({ seconds, nodes }) => [seconds, of(nodes[index]!)]),
    }))
  return linePlot({
    title: `Load test: ${samples.at(-1)?.completed ?? 0} jobs`,
    x: { label: 'seconds', scale: 'linear' },
    y: { label: 'MB; jobs a second; thousands of jobs queued', scale: 'linear' },
    series: [
      ...ofNodes('memory', ({ memoryBytes }) => memoryBytes / megabyte),
      ...ofNodes('database', ({ databaseBytes }) => databaseBytes / megabyte).slice(0, 1),
      ...ofNodes('write-ahead log', ({ walBytes }) => walBytes / megabyte).slice(0, 1),
      { name: 'completions a second', points: ratesOf(samples, shown) },
      {
        name: 'thousands of jobs that wait or run',
        points: shown.map(({ seconds, enqueued, completed }) => [seconds, (enqueued - completed) / 1_000]),
      },
    ],
  })
}

function ratesOf(samples: readonly Sample[], shown: readonly Sample[]): [number, number][] {
  return shown.map((sample) => {
    const before = samples.findLast(({ seconds }) => seconds <= sample.seconds - rateSeconds) ?? samples[0]!
    const seconds = Math.max(0.001, sample.seconds - before.seconds)
    return [sample.seconds, (sample.completed - before.completed) / seconds]
  })
}
