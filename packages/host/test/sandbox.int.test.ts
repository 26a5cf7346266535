import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { createPolicy } from '../src/run/policy.ts'
import { listPids } from '../src/run/processes/proc.ts'
import { Place, read, whyNot, withArgument } from './bubblewrap.ts'
import { isInstalled } from './processes.ts'
import { spawnHost } from './spawn-host.ts'
import { Bench, sh } from './start.ts'

if (whyNot !== undefined) process.stderr.write(`SKIPPED: jobs in bubblewrap, because ${whyNot}\n`)

let place: Place

beforeEach(async () => {
  place = await Place.make()
})

afterEach(() => place[Symbol.asyncDispose]())

/** Starts a process that clears its environment, is nobody's child, and goes on until its file is gone. */
const daemonise = (token: string) =>
  `env -i PATH=/usr/bin:/bin setsid sh -c '(trap "" TERM; while [ -e alive ]; do sleep 0.2; done; : ${token}) & exit' `

describe.skipIf(whyNot !== undefined)('a job in bubblewrap', () => {
  test('sees of this machine the system, its folder and what is shown to it; what it may not write it cannot', async () => {
    const shown = path.join(place.root, 'shown')
    const scratch = path.join(place.root, 'scratch')
    await Promise.all([mkdir(shown), mkdir(scratch), writeFile(path.join(place.job, 'input'), 'input')])
    await writeFile(path.join(shown, 'model'), 'model')
    const script = `
      cat input $OUT/shown/model
      ls -A "$HOME" | wc -l
      ls -A .skyclaw; ls $OUT
      for file in $OUT/outside /etc/shadow /sys ~root/.ssh $OUT/job/.skyclaw/hosts; do [ -e $file ] && echo sees $file; done
      for file in /new /usr/new /etc/passwd $OUT/shown/new /dev/new .skyclaw/new; do (: >> $file) 2>/dev/null && echo writes $file; done
      (cat /proc/sys/kernel/core_pattern > /tmp/same && cat /tmp/same > /proc/sys/kernel/core_pattern) 2>/dev/null && echo writes core_pattern
      echo made > made; echo made > $OUT/scratch/made; echo made > /tmp/made && echo made > "$HOME/made" && cat /tmp/made`
    const result = await place.sh(script, { paths: [shown, `${scratch}:rw`] })
    expect(result).toMatchObject({ exitCode: 0, stderr: '', stdout: 'inputmodel0\njob\nscratch\nshown\nmade\n' })
    expect(await readFile(path.join(place.job, 'made'), 'utf8')).toBe('made\n')
    expect(await readFile(path.join(scratch, 'made'), 'utf8')).toBe('made\n')
  })

  test('works in a folder below /var/tmp', async () => {
    const folder = await realpath(await mkdtemp('/var/tmp/skyclaw-job-'))
    try {
      const sandbox = await place.sandbox()
      const result = await place.run({ command: 'sh', args: ['-c', 'echo made > made; pwd'], cwd: folder }, { sandbox })
      expect(result).toMatchObject({ exitCode: 0, stdout: `${folder}\n`, stderr: '' })
      expect(await readFile(path.join(folder, 'made'), 'utf8')).toBe('made\n')
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('sees no process but its own, and has no privileges', async () => {
    const script = `ls /proc | grep -c '^[0-9]'; kill -0 ${process.pid} 2>/dev/null || echo alone
      grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; unshare --user true 2>/dev/null || echo no namespaces; hostname`
    const { stdout } = await place.sh(script)
    const [processes, ...rest] = stdout.trimEnd().split('\n')
    expect(Number(processes)).toBeLessThanOrEqual(4)
    const none = '0000000000000000'
    expect(rest).toEqual([
      'alone',
      `CapEff:\t${none}`,
      `CapBnd:\t${none}`,
      'NoNewPrivs:\t1',
      'no namespaces',
      'skyclaw',
    ])
  })

  test('reaches the network only where that is allowed', async () => {
    const server = createServer((socket) => socket.end('hello'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const code = `require('net').connect(${port}, '127.0.0.1').on('error', (e) => console.log(e.code)).pipe(process.stdout)`
    const connect = { command: 'node', args: ['-e', code] }
    expect((await place.run(connect)).stdout).toBe('ECONNREFUSED\n')
    expect((await place.run(connect, { network: true })).stdout).toBe('hello')
    server.close()
  })

  test('has stdin, both streams, exit codes and its environment as without', async () => {
    const args = ['-c', 'cat; echo err >&2; env | sort; exit 7']
    const result = await place.run({ args, stdin: 'in', env: { A: 'b c' }, secretEnv: { S: 'hush hush' } })
    expect(result).toMatchObject({ exitCode: 7, stderr: 'err\n', error: 'exited with code 7' })
    const names = result.stdout
      .slice(2)
      .trimEnd()
      .split('\n')
      .map((line) => line.split('=')[0])
    expect(names).toEqual(['A', 'HOME', 'PATH', 'PWD', 'S', 'SKYCLAW_ATTEMPT'])
    expect(result.stdout).toContain('A=b c\n')
    expect(await place.sh('kill -TERM $$')).toMatchObject({ success: false, exitCode: 143 })
    expect(await place.sh('trap "" TERM; kill -TERM 0; echo goes on')).toMatchObject({
      stdout: 'goes on\n',
      exitCode: 0,
    })
    const flood = await place.sh('yes | head -c 5000000')
    expect(flood).toMatchObject({ exitCode: 0, usage: { stdoutBytes: 5_000_000, truncated: true } })
  })

  test('gets SIGTERM at its time limit, and the grace; what detached and cleared its environment ends with it', async () => {
    await writeFile(path.join(place.job, 'alive'), '')
    const token = path.basename(place.root)
    const script = `${daemonise(token)}; trap 'echo asked; exit 0' TERM; while [ -e alive ]; do sleep 0.05; done`
    const timed = place.run({ args: ['-c', script], timeoutMs: 700 }, { killGraceMs: 5_000 })
    await until('the daemon to run', () => withArgument(token).length >= 2)
    expect(await timed).toMatchObject({ exitCode: 124, timedOut: true, stdout: 'asked\n' })
    expect(withArgument(token)).toEqual([])
  })

  test('is ended with all in it when it is cancelled', async () => {
    await writeFile(path.join(place.job, 'alive'), '')
    const token = path.basename(place.root)
    const cancel = new AbortController()
    const script = `${daemonise(token)}; trap "" TERM; touch started; while [ -e alive ]; do sleep 0.05; done`
    const job = place.sh(script, { killGraceMs: 100 }, { signal: cancel.signal })
    await until('the job to run', () => existsSync(path.join(place.job, 'started')))
    expect(withArgument(token).length).toBeGreaterThan(0)
    cancel.abort()
    expect(await job).toMatchObject({ success: false, interrupted: true })
    expect(withArgument(token)).toEqual([])
  })

  test('is bound by the limits of the host', async () => {
    const files = await place.sh('sleep 0.2; ulimit -n', { limits: { openFiles: 40 } })
    expect(files.stdout).toBe('40\n')
    const processes = await place.sh('for i in 1 2 3 4; do sleep 5 & done; wait', { limits: { processes: 3 } })
    expect(processes).toMatchObject({ exitCode: 137, error: expect.stringContaining('3 processes') })
    const memory = await place.sh('head -c 40000000 /dev/zero > /tmp/much || echo full', {
      limits: { memoryBytes: 30_000_000 },
    })
    expect(memory).toMatchObject({ exitCode: 0, stdout: 'full\n' })
  })

  test('ends with the daemon, when that is killed', async () => {
    await using bench = await Bench.open()
    await writeFile(path.join(place.job, 'alive'), '')
    const token = path.basename(place.root)
    const script = `${daemonise(token)}; touch started; while [ -e alive ]; do sleep 0.05; done`
    const payload = { ...sh(script), cwd: place.job } as ReturnType<typeof sh>
    bench.coordinator.enqueue('killed', payload)
    const daemon = await spawnHost(bench, { sandbox: 'bubblewrap', openclawCommand: 'openclaw-is-not-here' })
    await until('the job to run', () => existsSync(path.join(place.job, 'started')))
    expect(withArgument(token).length).toBeGreaterThan(0)
    daemon.kill('SIGKILL')
    await until('all of it to be gone', () => withArgument(token).length === 0)
  })

  test('leaves its secrets on no command line, nor in the environment of bubblewrap', async () => {
    const secret = `hush-${path.basename(place.root)}`
    const args = ['-c', 'touch started; while [ ! -e go ]; do sleep 0.05; done; echo "${#SECRET}"']
    const job = place.run({ args, secretEnv: { SECRET: secret } })
    await until('the job to run', () => existsSync(path.join(place.job, 'started')))
    const all = listPids()
    expect(all.filter((pid) => read(pid, 'cmdline').includes(secret))).toEqual([])
    const carriers = all.filter((pid) => read(pid, 'environ').includes(secret))
    expect(carriers.length).toBeGreaterThan(0)
    expect(carriers.filter((pid) => read(pid, 'comm').startsWith('bwrap'))).toEqual([])
    await writeFile(path.join(place.job, 'go'), '')
    expect((await job).stdout).toBe(`${secret.length}\n`)
  })

  test('never runs what was put in the place of its command, in a loop, in the folder that it works in', async () => {
    // Whole folders are swapped: the file that is allowed stays as it is, down to the time of its last change.
    const folders = ['bin', 'other', 'spare'].map((name) => path.join(place.job, name)) as [string, string, string]
    await Promise.all([mkdir(folders[0]), mkdir(folders[1])])
    const tool = path.join(folders[0], 'tool')
    copyFileSync('/usr/bin/echo', tool)
    copyFileSync('/usr/bin/touch', path.join(folders[1], 'tool'))
    const policy = createPolicy({ allowedCommands: [tool], openclawCommand: 'none', path: '/usr/bin' })
    const swap = `const { renameSync: mv } = require('fs'), [a, b, c] = require('worker_threads').workerData
      const turn = () => { mv(a, c); mv(b, a); mv(c, b); setTimeout(turn, Math.random() * 8) }; turn()`
    const worker = new Worker(swap, { eval: true, workerData: folders })
    const sandbox = await place.sandbox()
    const codes = new Set<number>()
    for (let run = 0; run < 15 || (!(codes.has(0) && codes.has(126)) && run < 200); run++) {
      codes.add((await place.run({ command: tool, args: ['was-run'] }, { policy, sandbox })).exitCode)
    }
    await worker.terminate()
    expect(existsSync(path.join(place.job, 'was-run'))).toBe(false)
    // What was allowed ran, and what was in its place was refused; in between there was nothing at all.
    codes.delete(127)
    expect([...codes].toSorted((a, b) => a - b)).toEqual([0, 126])
  })

  test('is refused where it would work in the system, in the folder of the host, or with a shown path that leads elsewhere', async () => {
    const refused = { success: false, exitCode: 126 }
    for (const cwd of ['/', '/etc', '/usr/share']) {
      expect(await place.run({ cwd, args: ['-c', 'true'] })).toMatchObject(refused)
    }
    const own = await place.run({ cwd: place.own, args: ['-c', 'cat id'] })
    expect(own).toMatchObject({ ...refused, error: expect.stringContaining("the host's own folder") })
    const missing = await place.sh('true', { paths: [path.join(place.root, 'missing')] })
    expect(missing).toMatchObject({ ...refused, error: expect.stringContaining('it is not there') })
  })

  test('whose program cannot be started inside is refused, for the reason that bubblewrap gives', async () => {
    const script = path.join(place.job, 'script')
    await writeFile(script, `#!${place.root}/interpreter\n`)
    copyFileSync('/bin/sh', path.join(place.root, 'interpreter'))
    await chmod(script, 0o755)
    const policy = createPolicy({ allowedCommands: [script], openclawCommand: 'none', path: '/usr/bin' })
    const result = await place.run({ command: script }, { policy })
    expect(result).toMatchObject({ exitCode: 126, error: expect.stringMatching(/bubblewrap could not start.*execvp/) })
  })
})

// Of low numbers Node itself sees to it that they are not passed on; dash knows no others.
test.skipIf(!isInstalled('bash'))(
  'a folder that the host was started with open is noticed: from it a job would reach all',
  () => {
    const file = new URL('../src/run/sandbox/inherited-folders.ts', import.meta.url).href
    const code = `import(${JSON.stringify(file)}).then((it) => console.log(JSON.stringify(it.inheritedFolders())))`
    const args = [
      '-c',
      'exec 40<"$0"; exec "$@"',
      place.root,
      process.execPath,
      '--conditions=@skyclaw/source',
      '-e',
      code,
    ]
    expect(JSON.parse(execFileSync('bash', args, { encoding: 'utf8' }))).toEqual([`${place.root} (40)`])
  },
)

describe('without a bubblewrap that works', () => {
  const standIns: [string, string | undefined, RegExp][] = [
    ['is missing', undefined, /bwrap was not found/],
    ['has not what is needed', 'echo --help', /has no --ro-bind-fd/],
    [
      'fails',
      'echo --ro-bind-fd; [ "$1" = --help ] || { echo "bwrap: No permissions" >&2; exit 1; }',
      /No permissions/,
    ],
  ]
  test.each(standIns)('that %s, no job runs, and none is asked for', async (_what, code, reason) => {
    const bin = path.join(place.root, 'bin')
    await mkdir(bin)
    if (code !== undefined) {
      await writeFile(path.join(bin, 'bwrap'), `#!/bin/sh\n${code}\n`)
      await chmod(path.join(bin, 'bwrap'), 0o755)
    }
    const environment = { PATH: bin }
    const sandbox = await place.sandbox({ environment })
    expect(await sandbox.check?.()).toMatch(reason)
    const result = await place.sh('touch ran', { sandbox })
    expect(result).toMatchObject({ success: false, exitCode: 126, error: expect.stringMatching(reason) })
    expect(existsSync(path.join(place.job, 'ran'))).toBe(false)
    await using bench = await Bench.open()
    const host = await bench.host({ sandbox: 'bubblewrap', environment, allowedCommands: ['/bin/sh'] })
    expect(host.capabilities).toEqual([])
  })
})
