package usage

import "slices"

// Shells lists the shells with a completion.
func Shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

// Script returns the completion of a shell, "" for another shell. Each script asks
// `lockstile completion --words -- WORD...`, whose first line is the kind and the place, and
// whose other lines are a candidate and, behind two spaces, what it does.
func Script(shell string) string {
	i := slices.Index(Shells(), shell)
	if i < 0 {
		return ""
	}
	return [...]string{bashScript, zshScript, fishScript, powershellScript}[i]
}

const bashScript = `# Completion of lockstile for bash: in ~/.bashrc
#   . <(lockstile completion bash)
_lockstile() {
    local i kind from line glued=
    local -a words=() places=() answer=()
    for ((i = 1; i <= COMP_CWORD; i++)); do # bash parts words at "=" and ":"
        if [[ ${COMP_WORDS[i]} == [=:] || $glued ]] && ((${#words[@]})); then
            words[-1]+=${COMP_WORDS[i]}
        else
            words+=("${COMP_WORDS[i]}") places+=("$i")
        fi
        [[ ${COMP_WORDS[i]} == [=:] ]] && glued=1 || glued=
    done
    mapfile -t answer < <(lockstile completion --words -- "${words[@]}" 2>/dev/null)
    kind=${answer[0]%% *} from=${answer[0]##* }
    COMPREPLY=()
    case $kind in
    files) compopt -o default; return ;;
    folders) compopt -o dirnames; return ;;
    line)
        from=${places[from]}
        if declare -F _comp_command_offset >/dev/null; then
            _comp_command_offset "$from"
        elif declare -F _command_offset >/dev/null; then
            _command_offset "$from"
        elif ((COMP_CWORD == from)); then
            mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
        else
            compopt -o default
        fi
        return ;;
    esac
    local typed=${words[-1]} before=
    [[ $typed == *[=:]* ]] && before=${typed%"${typed##*[=:]}"}
    for line in "${answer[@]:1}"; do
        line=${line%%  *}
        COMPREPLY+=("${line#"$before"}")
    done
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -F _lockstile lockstile
`

const zshScript = `#compdef lockstile
# Completion of lockstile for zsh: once
#   lockstile completion zsh > "${fpath[1]}/_lockstile"
_lockstile() {
    local -a answer candidates
    local line kind from
    answer=("${(@f)$(lockstile completion --words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    kind=${answer[1]%% *} from=${answer[1]##* }
    case $kind in
    files) _files; return ;;
    folders) _files -/; return ;;
    line)
        shift $((from + 1)) words
        (( CURRENT -= from + 1 ))
        _normal
        return ;;
    esac
    for line in "${(@)answer[2,-1]}"; do
        line=${line//:/\\:}
        candidates+=("${line/  /:}")
    done
    _describe -t words lockstile candidates
}
if [ "$funcstack[1]" = "_lockstile" ]; then
    _lockstile "$@"
else
    compdef _lockstile lockstile
fi
`

const fishScript = `# Completion of lockstile for fish: once
#   lockstile completion fish > ~/.config/fish/completions/lockstile.fish
function __lockstile_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l answer (lockstile completion --words -- $words[2..-1] 2>/dev/null)
    set -l kind (string split ' ' -- $answer[1])
    switch $kind[1]
        case files
            __fish_complete_path (commandline -ct)
        case folders
            __fish_complete_directories (commandline -ct)
        case line
            complete -C (string join ' ' -- (string escape -- $words[(math $kind[2] + 2)..-2]) (commandline -ct))
        case '*'
            string replace -r '  ' \t -- $answer[2..-1]
    end
end
complete -c lockstile -f -a '(__lockstile_complete)'
`

const powershellScript = `# Completion of lockstile for PowerShell: in $PROFILE
#   lockstile completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName lockstile -ScriptBlock {
    param($word, $ast, $cursor)
    $words = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -le $cursor } | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
    if ($word -eq '') { $words += '""' }
    $answer = @(lockstile completion --words '--' @words 2>$null)
    if ($answer.Count -eq 0 -or -not $answer[0].StartsWith('words')) { return }
    foreach ($line in ($answer | Select-Object -Skip 1)) {
        $parts = $line -split '  ', 2
        $does = if ($parts.Count -gt 1 -and $parts[1]) { $parts[1] } else { $parts[0] }
        [System.Management.Automation.CompletionResult]::new($parts[0], $parts[0], 'ParameterValue', $does)
    }
}
`
