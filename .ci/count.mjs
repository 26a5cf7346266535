import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/**
 * How many tests or checks of one part of CI passed and failed, from the report it wrote and the code it exited with.
 * A part that died without a report, reported nothing, or exited with a failure that it did not report counts as one failure.
 * Runs on the machine's own Node, which may be older than the repository's.
 */
export function count(report, exitCode) {
  const { passed, failed } = read(report)
  const unexplained = exitCode !== 0 && failed === 0
  const silent = passed === 0 && failed === 0
  return { passed, failed: unexplained || silent ? failed + 1 : failed }
}

function read(report) {
  if (report === undefined) return { passed: 0, failed: 0 }
  if ('numTotalTests' in report) {
    // A file that could not even be loaded has no tests to fail: it is a failure itself.
    const dead = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.every(notFailed))
    return { passed: report.numPassedTests, failed: report.numFailedTests + dead.length }
  }
  return { passed: Number(report.passed) || 0, failed: Number(report.failed) || 0 }
}

function notFailed(test) {
  return test.status !== 'failed'
}

function load(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [path = '', exitCode = '1'] = process.argv.slice(2)
  const { passed, failed } = count(load(path), Number(exitCode))
  console.log(`${passed} ${failed}`)
}
