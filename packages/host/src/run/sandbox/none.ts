import type { Sandbox } from '../launch.ts'

/** Nothing around the command: what the machine shows to this user, the job sees. */
export const noSandbox: Sandbox = {
  kind: 'none',
  async contain({ executable, folder, args, env }) {
    const launch = { file: executable.exec, argv0: executable.path, args, cwd: folder.enter, env }
    return { launch, visible: true, endsTogether: false }
  },
}
