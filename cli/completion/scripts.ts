/** Shells that `troupe completion` knows. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * Each script asks `troupe __complete -- WORD...` with the words after `troupe`, of which the last is being written.
 * The answer has a line `VALUE` or `VALUE<tab>DESCRIPTION` for each candidate, or is `:files`.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# troupe completion for bash: source <(troupe completion bash)
_troupe() {
  local line current=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o default 2>/dev/null
      return
    fi
    line=\${line%%$'\\t'*}
    [[ $line == "$current"* ]] && COMPREPLY+=("$line")
  done < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  # The name of an object follows the type.
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == */ ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _troupe troupe
`,
  zsh: `#compdef troupe
# troupe completion for zsh: source <(troupe completion zsh)
_troupe() {
  local line
  local -a candidates
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    if [[ $line == :files ]]; then
      _files
      return
    fi
    candidates+=("\${\${\${line%%$'\\t'*}//:/\\\\:}}\${\${(M)line:#*$'\\t'*}:+:\${line#*$'\\t'}}")
  done
  _describe troupe candidates
}
(( $+functions[compdef] )) && compdef _troupe troupe
`,
  fish: `# troupe completion for fish: troupe completion fish | source
function __troupe_complete
  set -l line (commandline -opc) (commandline -ct)
  set -l candidates ($line[1] __complete -- $line[2..-1] 2>/dev/null)
  if test "$candidates[1]" = ":files"
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $candidates
  end
end
complete -c troupe -f -a '(__troupe_complete)'
`,
};
