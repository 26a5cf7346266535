import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createPolicy } from '../src/run/policy.ts'
import { createSandbox } from '../src/run/sandbox/create-sandbox.ts'
import { until } from '../../../test/support/until.ts'
import { Place, read, withArgument } from './bubblewrap.ts'
import { Bench } from './start.ts'

/*
 * docker and podman are stood in for by a script that records what it is called with, and plays what the test asks for. `run`
 * executes the command that would be inside, as a client does that waits for it.
 */
const standIn = `#!/bin/sh
here=$(dirname "$0")
[ "$1" = run ] && env > "$here/env"
printf '%s\\n' "$*" >> "$here/calls"
for arg in "$@"; do printf '%s\\0' "$arg"; done > "$here/$1.args"
[ -e "$here/$1.hangs" ] && exec sleep 60
[ -e "$here/$1.fails-once" ] && { cat "$here/$1.fails-once" >&2; rm "$here/$1.fails-once"; exit 125; }
[ -e "$here/$1.fails" ] && { cat "$here/$1.fails" >&2; exit "$(cat "$here/$1.code" 2>/dev/null || echo 125)"; }
case $1 in
  run) cd "$here" || exit; while [ "$1" != --entrypoint ]; do shift; done; entry=$2; shift 3; exec "$entry" "$@";;
  kill) touch "$here/killed";;
esac
`

let place: Place
let bin: string
let environment: Record<string, string>

beforeEach(async () => {
  place = await Place.make()
  bin = path.join(place.root, 'bin')
  await mkdir(bin)
  for (const kind of ['docker', 'podman']) {
    await writeFile(path.join(bin, kind), standIn)
    await chmod(path.join(bin, kind), 0o755)
  }
  environment = { PATH: `${bin}:/usr/bin:/bin`, HOME: '/srv/of-host', DOCKER_HOST: 'unix:///host.sock', TOKEN: 'no' }
})

afterEach(() => place[Symbol.asyncDispose]())

const image = 'registry.example/tools:1'

async function open(kind: 'docker' | 'podman' = 'docker', paths: string[] = [], network = false) {
  const sandbox = await place.sandbox({ kind, image, environment, paths, network })
  const policy = createPolicy({
    allowedCommands: ['sh', 'only-inside', '/opt/tool'],
    openclawCommand: 'openclaw',
    path: environment['PATH'],
    inImage: true,
  })
  return { sandbox, policy, environment }
}

async function argsOf(call: string): Promise<string[]> {
  return (await readFile(path.join(bin, `${call}.args`), 'utf8')).split('\0').slice(0, -1)
}

const play = (name: string, text = '') => writeFile(path.join(bin, name), text)

async function calls(): Promise<string[]> {
  return (await readFile(path.join(bin, 'calls'), 'utf8')).trimEnd().split('\n')
}

describe('a job in a container', () => {
  test('is run with what keeps it in, its folder and limits, and its values in no argument', async () => {
    const shown = path.join(place.root, 'shown')
    await mkdir(shown)
    const limits = { memoryBytes: 100_000_000, cpuMs: 1_500, processes: 10, openFiles: 64 }
    const context = { ...(await open('docker', [shown])), limits }
    const args = ['-c', 'echo out; echo err >&2; exit 3', 'two words']
    const payload = { args, env: { A: 'a b' }, secretEnv: { S: 'hush hush' }, stdin: 'in' }
    const result = await place.run(payload, context, { tag: 'tag1' })
    expect(result).toMatchObject({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' })
    const ids = `${process.getuid?.()}:${process.getgid?.()}`
    expect(await argsOf('run')).toEqual([
      ...[
        'run',
        '--rm',
        '--interactive',
        '--init',
        '--pull',
        'never',
        '--name',
        'skyclaw-tag1',
        '--hostname',
        'skyclaw',
      ],
      ...['--log-driver', 'none', '--network', 'none', '--read-only'],
      ...['--tmpfs', '/tmp:rw,exec,nosuid,nodev,mode=1777,size=100000000'],
      ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', ids],
      ...['--memory', '100000000', '--memory-swap', '100000000', '--ulimit', 'cpu=2', '--ulimit', 'nofile=64:64'],
      ...['--pids-limit', '11', '--mount', `type=bind,source=${shown},target=${shown},readonly`],
      ...['--mount', `type=bind,source=${place.job},target=${place.job}`],
      ...['--mount', `type=tmpfs,target=${place.job}/.skyclaw,tmpfs-size=4096,tmpfs-mode=0555`],
      ...['--workdir', place.job, '--env', 'HOME=/tmp', '--env', 'SKYCLAW_ATTEMPT', '--env', 'A', '--env', 'S'],
      ...['--entrypoint', 'sh', image, ...args],
    ])
    const client = (await readFile(path.join(bin, 'env'), 'utf8')).split('\n')
    expect(client).toEqual(
      expect.arrayContaining(['A=a b', 'S=hush hush', 'SKYCLAW_ATTEMPT=tag1', 'HOME=/srv/of-host']),
    )
    expect(client).toContain('DOCKER_HOST=unix:///host.sock')
    expect(client.join('\n')).not.toContain('TOKEN')
    expect((await calls()).at(-1)).toBe('rm --force --volumes skyclaw-tag1')
  })

  test('runs in podman alike, with the network where that is allowed, and names its command as the image knows it', async () => {
    const context = await open('podman', [], true)
    for (const command of ['only-inside', '/opt/tool']) {
      expect(await place.run({ command, args: [] }, context)).toMatchObject({ exitCode: 127 })
      expect((await argsOf('run')).slice(-3)).toEqual(['--entrypoint', command, image])
    }
    const args = (await argsOf('run')).join(' ')
    expect(args).toContain('--network bridge')
    expect(args).toContain('--security-opt label=disable')
    expect(args.includes('--userns keep-id')).toBe(process.getuid?.() !== 0)
    const other = await place.run({ command: 'cat', args: [] }, context)
    expect(other).toMatchObject({ exitCode: 126, error: expect.stringContaining('not allowed') })
  })

  test('is refused when docker itself does not start it, and its own 125 is its own', async () => {
    const context = await open()
    await play('run.fails', 'docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock.\n')
    const refused = {
      success: false,
      exitCode: 126,
      error: expect.stringContaining('Cannot connect to the Docker daemon'),
    }
    expect(await place.sh('true', context)).toMatchObject(refused)
    expect(await context.sandbox.check?.()).toContain('Cannot connect to the Docker daemon')
    await play('run.fails', 'my own words\n')
    expect(await place.sh('true', context)).toMatchObject({ exitCode: 125, stderr: 'my own words\n' })
    await play('run.code', '127')
    expect(await context.sandbox.check?.()).toBeUndefined()
  })

  test('gets its signal and its end by name, though docker hangs', async () => {
    await play('run.hangs')
    const context = { ...(await open()), killGraceMs: 200 }
    const result = await place.run({ args: ['-c', 'true'], timeoutMs: 200 }, context, { tag: 'tag2' })
    expect(result).toMatchObject({ exitCode: 124, timedOut: true })
    expect((await calls()).slice(1)).toEqual([
      'kill --signal SIGTERM skyclaw-tag2',
      'rm --force --volumes skyclaw-tag2',
    ])
    expect(withArgument('skyclaw-tag2')).toEqual([])
  })

  test('is removed again when that fails at first, and when an earlier daemon left it', async () => {
    const { sandbox } = await open()
    await play('rm.fails-once', 'Error response from daemon: removal is in progress')
    await play('rm.fails', 'Error: No such container: skyclaw-tag3')
    await sandbox.endLeftover?.('tag3')
    const call = 'rm --force --volumes skyclaw-tag3'
    expect(await calls()).toEqual([call, call])
  })

  test('may not set what docker itself goes by', async () => {
    const context = await open()
    for (const name of ['DOCKER_HOST', 'HOME', 'XDG_CONFIG_HOME', 'HTTPS_PROXY', 'GODEBUG']) {
      const result = await place.run({ args: ['-c', 'true'], env: { [name]: '/mine' } }, context)
      expect(result).toMatchObject({ exitCode: 126, error: expect.stringContaining(name) })
    }
    await expect(calls()).rejects.toThrow('ENOENT')
  })

  test('leaves its secret on no command line while it runs', async () => {
    const secret = `hush-${path.basename(place.root)}`
    const args = ['-c', 'while [ ! -e go ]; do sleep 0.05; done']
    const job = place.run({ args, secretEnv: { SECRET: secret } }, await open(), { tag: 'tag4' })
    await until('the job to run', async () => (await readFile(path.join(bin, 'env'), 'utf8').catch(() => '')) !== '')
    expect(withArgument(secret)).toEqual([])
    await play('go')
    expect(await job).toMatchObject({ success: true })
    expect(read(process.pid, 'cmdline')).not.toContain(secret)
  })
})

test('a host whose docker does not work offers nothing that would run in it, and runs nothing bare', async () => {
  await play('run.fails', 'docker: Cannot connect to the Docker daemon.\n')
  await using bench = await Bench.open()
  const host = await bench.host({ sandbox: 'docker', sandboxImage: image, environment })
  expect(host.capabilities).toEqual([])
  const context = await open()
  const absent = {
    ...context,
    sandbox: await place.sandbox({ kind: 'podman', image, environment: { PATH: '/nowhere' } }),
  }
  expect(await place.sh('true', absent)).toMatchObject({
    exitCode: 126,
    error: expect.stringMatching(/podman was not found/),
  })
})

test('settings that cannot be right end the start, and are named', async () => {
  const { log } = (await import('./run-context.ts')).testContext()
  const settings = { kind: 'docker', network: false, paths: [], image, environment, dir: place.own, log } as const
  expect(await createSandbox({ ...settings, image: undefined })).toEqual({
    reason: expect.stringContaining('SKYCLAW_SANDBOX_IMAGE'),
  })
  for (const shown of ['/', '/proc', 'relative', `${place.job}/.skyclaw`]) {
    const made = await createSandbox({ ...settings, kind: 'bubblewrap', paths: [shown] })
    expect(made).toEqual({ reason: expect.stringContaining(JSON.stringify(shown)) })
  }
  await using bench = await Bench.open()
  await expect(bench.host({ sandbox: 'podman' })).rejects.toMatchObject({ code: 'invalid_option' })
})
