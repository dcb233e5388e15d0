#!/usr/bin/env bash
# call-traces.sh WINE [--update]: which calls lockstile makes of Windows for a start, and
# in what order, as Wine saw them, against those in scripts/traces. WINE is the folder
# of wine and wine-run. What isn't there is as telling: a sandbox that is configured and
# absent makes no process.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$1 update=${2:-}

calls='CreateJobObjectW SetInformationJobObject CreatePseudoConsole CreateWindowStationW SetProcessWindowStation CreateDesktopW CreateRestrictedToken IsTokenRestricted CreateProcessW CreateProcessAsUserW CreateProcessWithLogonW ShellExecuteExW CreateEventExW GetHandleInformation GetProcessIdOfThread SuspendThread ResumeThread IsProcessInJob QueryInformationJobObject GetTokenInformation ReadProcessMemory LockFileEx TerminateJobObject GetExitCodeProcess NetLocalGroupAdd NetUserAdd LogonUserW LsaAddAccountRights CryptProtectData FwpmEngineOpen0'

if [ -z "${LOCKSTILE_TRACING:-}" ]; then # with a prefix of Wine's own, which goes again
	LOCKSTILE_TRACING=$(mktemp -d) || exit 1
	export LOCKSTILE_TRACING
	trap 'rm -rf "$LOCKSTILE_TRACING"' EXIT
	GOOS=windows GOARCH=amd64 go build -o "$LOCKSTILE_TRACING/bin/" ./cmd/lockstile ./cmd/lockstile-runner
	"$bin/wine-run" bash "$0" "$@"
	exit
fi

work=$LOCKSTILE_TRACING
"$bin/wine" reg add 'HKCU\Software\Wine\Debug' /v RelayInclude /d "${calls// /;}" /f >/dev/null </dev/null
# (The Go runtime suspends threads itself unless it is told not to.)
# Of each call its name, and of some the argument that says what for.
read_calls() {
	awk -v calls="$calls" '
		BEGIN { split(calls, names, " "); for (i in names) wanted[names[i]] = 1
			shown["SetInformationJobObject"] = shown["QueryInformationJobObject"] = shown["GetTokenInformation"] = shown["CreateRestrictedToken"] = 2
			shown["CreateProcessW"] = 6; shown["CreateProcessAsUserW"] = 7 }
		!/:Call [A-Za-z0-9_]+\.[A-Za-z0-9]+\(.*ret=14[0-9a-f]+$/ { next } # from the program itself
		{ id = substr($0, 1, 4); if (first == "") first = id; if (id != first) next
		  line = substr($0, index($0, ":Call ") + 6); name = line; sub(/\(.*/, "", name); sub(/.*\./, "", name)
		  if (!(name in wanted)) next
		  args = line; sub(/^[^(]*\(/, "", args); sub(/\) ret=.*/, "", args); gsub(/ L"[^"]*"/, "", args); split(args, arg, ",")
		  if (name == "QueryInformationJobObject" && arg[2] ~ /0001$/) next # asked until the tree has ended
		  print name (name in shown ? " " substr(arg[shown[name]], length(arg[shown[name]]) - 7) : "") }'
}
trace() { # NAME ARG...: what lockstile does with these arguments
	local name=$1 config=$2
	shift 2
	rm -rf "$work/home" "$work/ws"
	mkdir -p "$work/home" "$work/ws" scripts/traces
	printf '%s\n' "$config" >"$work/home/config.toml"
	(cd "$work/ws" && GODEBUG=asyncpreemptoff=1 LOCKSTILE_HOME="Z:${work//\//\\}\\home" WINEDEBUG=+relay,+pid "$bin/wine" ../bin/lockstile.exe "$@") >/dev/null 2>"$work/relay" </dev/null || true
	read_calls <"$work/relay" >"$work/calls"
	if [ -n "$update" ]; then cp "$work/calls" "scripts/traces/$name.txt"; return; fi
	diff -u "scripts/traces/$name.txt" "$work/calls" || { echo "the calls of $name are others: look, then scripts/call-traces.sh WINE --update" >&2; exit 1; }
	echo "$name: $(wc -l <"$work/calls") calls"
}
full='sandbox_mode = "danger-full-access"'
unelevated=$'[windows]\nsandbox = "unelevated"\n[sandbox_workspace_write]\nnetwork_access = true'
trace full-pipes "$full" run -- cmd /c echo hi
trace full-terminal "$full" run --tty -- cmd /c echo hi
trace elevated-absent $'[windows]\nsandbox = "elevated"' run -- cmd /c echo hi
trace unelevated-refused "$unelevated" run -- cmd /c echo hi
trace setup-refused '' setup
