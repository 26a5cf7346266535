/** What is done of its own accord is late by so much at most. */
const tickMs = 50

/** The same while there is nothing to do: each time the process is woken takes more of an idle machine than what it finds to do. */
const quietTickMs = 250

/** Calls `tick` again and again until it is stopped; answers how to stop. Does not keep the process up. */
export function startTicker(tick: () => void, isQuiet: () => boolean): () => void {
  let timer: NodeJS.Timeout | undefined
  const wait = () => {
    timer = setTimeout(run, isQuiet() ? quietTickMs : tickMs).unref()
  }
  const run = () => {
    tick()
    if (timer) wait()
  }
  wait()
  return () => {
    clearTimeout(timer)
    timer = undefined
  }
}
