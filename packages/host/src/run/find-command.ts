import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'

/** Whether it is looked for on the PATH: a name without any folder. */
export function isBare(command: string): boolean {
  return command !== '' && !/[/\\]/.test(command) && command !== '.' && command !== '..'
}

/** The first executable file of that name. Relative folders are passed by: what they hold depends on where the host was started. */
export function findOnPath(name: string, searched = ''): string | undefined {
  const suffixes = process.platform === 'win32' ? ['', '.exe', '.cmd', '.bat'] : ['']
  for (const folder of searched.split(path.delimiter)) {
    if (!path.isAbsolute(folder)) continue
    const file = suffixes.map((suffix) => path.join(folder, name + suffix)).find(isExecutable)
    if (file !== undefined) return file
  }
  return undefined
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
