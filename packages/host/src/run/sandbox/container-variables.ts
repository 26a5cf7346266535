import type { Environment } from '../environment.ts'
import { marker } from '../processes/proc.ts'
import { unfitVariable } from './variables.ts'

/*
 * The values of a job's variables go to the client in its own environment, not on its command line, where every user of the machine
 * would read them. So a job must not set what the client itself goes by.
 */

/** What the client needs of the host's own environment. */
const forClient =
  /^(?:PATH|HOME|USER|LOGNAME|LANG|TMPDIR|XDG_[A-Z_]+|DBUS_SESSION_BUS_ADDRESS|SSH_AUTH_SOCK|(?:DOCKER|CONTAINERS?|PODMAN)_[A-Z_]+)$/
/** What says something about this machine, not about the image. */
const ofMachine = new Set(['PATH', 'HOME', 'SHELL', 'USER', 'LOGNAME', 'TMPDIR', 'TMP', 'TEMP'])
/** By what docker, podman, and what they start and are made of are steered. */
const steering = new RegExp(
  [
    /^(?:BUILD(?:AH|KIT|X)|CNI|CONMON|_?CONTAINERS?|DBUS|DOCKER|LISTEN|MOBY|NOTIFY|OCI|PODMAN|REGISTRY|RUNTIME|STORAGE)_/,
    /^(?:BASH_FUNC|GLIBC|LD|MALLOC|SKYCLAW|SSH|SSL|SYSTEMD|XDG)_/,
    /^GO(?:COVERDIR|DEBUG|GC|MAXPROCS|MEMLIMIT|TRACEBACK)$|_PROXY$/,
    /^(?:BASH_ENV|ENV|GCONV_PATH|GETCONF_DIR|HOSTALIASES|IFS|LOCALDOMAIN|LOCPATH|NLSPATH|RES_OPTIONS)$/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
)

/** The environment of the client without anything of a job. */
export function clientEnvironment(own: Readonly<Record<string, string | undefined>>): Environment {
  const entries = Object.entries(own).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(entries.filter(([name]) => forClient.test(name)))
}

/** Which variables are passed, and their values; or a sentence about one that cannot be. */
export function passVariables(
  kind: string,
  env: Environment,
  own: Readonly<Record<string, string | undefined>>,
): { names: string[]; values: Environment } | { reason: string } {
  const unfit = unfitVariable(env)
  if (unfit !== undefined) return { reason: unfit }
  const isOwn = ([name, value]: [string, string]) => name === 'PWD' || (ofMachine.has(name) && own[name] === value)
  const passed = Object.entries(env).filter((entry) => !isOwn(entry))
  for (const [name, value] of passed) {
    if (name === marker || own[name] === value) continue
    if (!ofMachine.has(name) && !steering.test(name)) continue
    return { reason: `a job in ${kind} may not set the environment variable ${name}: ${kind} itself goes by it` }
  }
  return { names: passed.map(([name]) => name), values: Object.fromEntries(passed) }
}
