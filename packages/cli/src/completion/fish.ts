import { type Place, valued } from './tree.ts'

/** A completion script for fish. Static, as that for bash. */
export function fishCompletion(all: readonly Place[]): string {
  const at = ({ path }: Place) => `-n ${quote(`__skyclaw_at ${quote(path)}`)}`
  const paths = all.filter(({ path }) => path !== '').map(({ path }) => quote(path))
  const taking = all.flatMap((place) => valued(place).map((flag) => quote(`${place.path} ${flag}`.trim())))
  const wrapping = all.filter(({ wraps }) => wraps).map(({ path }) => quote(path))
  const lines = all.flatMap((place) => [
    ...place.words.map(({ name, summary }) => `complete -c skyclaw ${at(place)} -f -a ${name} -d ${quote(summary)}`),
    ...place.flags.map(
      ({ name, alias, summary, takesValue }) =>
        `complete -c skyclaw ${at(place)} -l ${name}${alias === undefined ? '' : ` -s ${alias}`}${takesValue ? ' -r' : ''} -d ${quote(summary)}`,
    ),
  ])
  return `# fish completion for skyclaw; made by: skyclaw completion fish
set -g __skyclaw_paths ${paths.join(' ')}
set -g __skyclaw_valued ${taking.join(' ')}
set -g __skyclaw_wraps ${wrapping.join(' ')}
function __skyclaw_at
  set -l path ''
  set -l skip 0
  for word in (commandline -opc)[2..-1]
    if test $skip = 1
      set skip 0
      continue
    end
    switch $word
      case --
        return 1
      case '-*=*'
      case '-*'
        contains -- (string trim -- "$path $word") $__skyclaw_valued; and set skip 1
      case '*'
        contains -- "$path" $__skyclaw_wraps; and return 1
        set -l next (string trim -- "$path $word")
        contains -- "$next" $__skyclaw_paths; and set path "$next"
    end
  end
  test "$path" = "$argv[1]"
end
${lines.join('\n')}
`
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`
}
