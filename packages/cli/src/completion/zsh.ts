import { type Place, spellings, valued } from './tree.ts'

/** A completion script for zsh, to be sourced or put into a file _skyclaw on fpath. Static, as that for bash. */
export function zshCompletion(all: readonly Place[]): string {
  const cases = (linesOf: (place: Place) => readonly string[]) =>
    all.flatMap((place) => {
      const words = linesOf(place)
      return words.length > 0 ? [`    '${place.path}') reply=(${words.join(' ')}) ;;`] : []
    })
  const described = (name: string, summary: string) => quote(`${name.replaceAll(':', '\\:')}:${summary}`)
  return `#compdef skyclaw
# zsh completion for skyclaw; made by: skyclaw completion zsh
_skyclaw_words() {
  reply=()
  case "$1" in
${cases(({ words }) => words.map(({ name, summary }) => described(name, summary))).join('\n')}
  esac
}
_skyclaw_flags() {
  reply=()
  case "$1" in
${cases(({ flags }) =>
  flags.flatMap((flag) => spellings([flag]).map((spelling) => described(spelling, flag.summary))),
).join('\n')}
  esac
}
_skyclaw_valued() {
  reply=()
  case "$1" in
${cases((place) => valued(place).map(quote)).join('\n')}
  esac
}
_skyclaw_wraps() {
  case "$1" in
    ${all
      .filter(({ wraps }) => wraps)
      .map(({ path }) => quote(path))
      .join(' | ')}) return 0 ;;
  esac
  return 1
}
${walk}`
}

/** Finds the place of the cursor, and offers what may stand there. */
const walk = `_skyclaw() {
  local cur="\${words[CURRENT]}" at='' word
  local -i i=2
  local -a reply
  while (( i < CURRENT )); do
    word="\${words[i]}"
    (( i++ ))
    case "$word" in
      --) _default; return ;;
      -*=*) ;;
      -*)
        _skyclaw_valued "$at"
        if (( \${reply[(Ie)$word]} )); then
          (( i < CURRENT )) || { _default; return }
          (( i++ ))
        fi ;;
      *)
        if _skyclaw_wraps "$at"; then _default; return; fi
        _skyclaw_words "$at"
        if (( \${\${reply[@]%%:*}[(Ie)$word]} )); then at="\${at:+$at }$word"; fi ;;
    esac
  done
  if [[ "$cur" == -*=* ]]; then
    _default
  elif [[ "$cur" == -* ]]; then
    _skyclaw_flags "$at"
    _describe -o 'flag' reply
  elif _skyclaw_wraps "$at"; then
    _default
  else
    _skyclaw_words "$at"
    if (( \${#reply} )); then _describe 'command' reply; else _default; fi
  fi
}
if [ "$funcstack[1]" = _skyclaw ]; then _skyclaw "$@"; else compdef _skyclaw skyclaw; fi
`

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
