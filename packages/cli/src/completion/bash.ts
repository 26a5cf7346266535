import { type Place, spellings, valued } from './tree.ts'

/**
 * A completion script for bash, from 3.2 on. Static: it asks nobody. What it has no words for, such as the command of a job or
 * the value of a flag, is left to bash, which completes files.
 */
export function bashCompletion(all: readonly Place[]): string {
  const cases = (wordsOf: (place: Place) => readonly string[]) =>
    all.flatMap((place) => {
      const words = wordsOf(place)
      return words.length > 0 ? [`    '${place.path}') echo '${words.join(' ')}' ;;`] : []
    })
  return `# bash completion for skyclaw; made by: skyclaw completion bash
_skyclaw_words() {
  case "$1" in
${cases(({ words }) => words.map(({ name }) => name)).join('\n')}
  esac
}
_skyclaw_flags() {
  case "$1" in
${cases(({ flags }) => spellings(flags)).join('\n')}
  esac
}
_skyclaw_valued() {
  case "$1" in
${cases(valued).join('\n')}
  esac
}
_skyclaw_wraps() {
  case "$1" in
    ${all
      .filter(({ wraps }) => wraps)
      .map(({ path }) => `'${path}'`)
      .join(' | ')}) return 0 ;;
  esac
  return 1
}
_skyclaw() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" path='' word i=1
  COMPREPLY=()
  while [ "$i" -lt "$COMP_CWORD" ]; do
    word="\${COMP_WORDS[i]}"
    i=$((i + 1))
    case "$word" in
      --)
        return ;;
      -*)
        # Bash takes the equals sign of --flag=value for a word.
        if [ "\${COMP_WORDS[i]}" = '=' ]; then
          [ "$i" -lt "$COMP_CWORD" ] && i=$((i + 2)) || return
          [ "$i" -le "$COMP_CWORD" ] || return
          continue
        fi
        case " $(_skyclaw_valued "$path") " in
          *" $word "*)
            [ "$i" -lt "$COMP_CWORD" ] || return
            i=$((i + 1)) ;;
        esac ;;
      *)
        _skyclaw_wraps "$path" && return
        case " $(_skyclaw_words "$path") " in
          *" $word "*) path="\${path:+$path }$word" ;;
        esac ;;
    esac
  done
  case "$cur" in
    =) ;;
    -*) COMPREPLY=($(compgen -W "$(_skyclaw_flags "$path")" -- "$cur")) ;;
    *) _skyclaw_wraps "$path" || COMPREPLY=($(compgen -W "$(_skyclaw_words "$path")" -- "$cur")) ;;
  esac
}
complete -o default -F _skyclaw skyclaw
`
}
