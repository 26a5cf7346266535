import { UsageError } from '../arguments/usage-error.ts'
import { type Command, defineCommand, type Group } from '../command.ts'
import { bashCompletion } from '../completion/bash.ts'
import { fishCompletion } from '../completion/fish.ts'
import { type Place, places } from '../completion/tree.ts'
import { zshCompletion } from '../completion/zsh.ts'
import { exitCodes } from '../exit-codes.ts'

const shells: Readonly<Record<string, (all: readonly Place[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}
const names = Object.keys(shells)

/** The command that prints the completion of all commands, itself included. */
export function completionOf(root: () => Group): Command {
  return defineCommand({
    name: 'completion',
    summary: 'Print a script that completes commands and flags in a shell',
    flags: {},
    positionals: { shell: names.join(', ') },
    choices: names,
    examples: [
      'completion bash > ~/.local/share/bash-completion/completions/skyclaw',
      'completion zsh > ~/.zfunc/_skyclaw',
      'completion fish > ~/.config/fish/completions/skyclaw.fish',
    ],
    async run({ io, positionals: [shell = ''] }) {
      const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined
      if (!script) throw new UsageError(`the shell must be one of ${names.join(', ')}, not ${JSON.stringify(shell)}`)
      io.stdout.write(script(places(root())))
      return exitCodes.ok
    },
  })
}
