/** What a load program prints when it is done. */
export interface LoadResult {
  readonly operations: number
  readonly elapsedMs: number
  /** Milliseconds, of some of the operations. */
  readonly latencies: readonly number[]
}

const keptLatencies = 20_000

/**
 * Runs operations, so many at once: a closed loop, each place starts the next one when its last one is done. What of them comes
 * before `warmUp` is over is not measured.
 */
export async function drive(
  load: { operations: number; concurrency: number; warmUp: number },
  operate: (index: number) => Promise<void>,
): Promise<LoadResult> {
  await place({ ...load, operations: load.warmUp }, operate, 0, [])
  const latencies: number[] = []
  const startedAt = performance.now()
  await place(load, operate, load.warmUp, latencies)
  return { operations: load.operations, elapsedMs: performance.now() - startedAt, latencies }
}

async function place(
  { operations, concurrency }: { operations: number; concurrency: number },
  operate: (index: number) => Promise<void>,
  from: number,
  latencies: number[],
): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < operations) {
      const index = from + next++
      const startedAt = performance.now()
      await operate(index)
      if (latencies.length < keptLatencies) latencies.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, operations) }, worker))
}

/** The settings that the benchmark gave this load program. */
export function settings(): unknown {
  return JSON.parse(process.argv[2] ?? '{}')
}

export function report(result: LoadResult): void {
  process.stdout.write(JSON.stringify(result))
}
