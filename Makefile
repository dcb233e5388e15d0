.PHONY: test cases bench parity fuzz

test:
	bash scripts/test.sh

# The table of cases, as it is in docs/cases.md: as root, for both users.
cases:
	@bash scripts/cases.sh

# What starts and output cost next to doing without.
bench:
	@command -v bwrap >/dev/null || { echo "as root: apt-get install bubblewrap" >&2; exit 1; }
	go test -run '^$$' -bench Run -benchtime 101x -timeout 10m ./cmd/lockstile
	go test -run '^$$' -bench 'Inside|Many|Output' -benchtime 11x -timeout 10m ./cmd/lockstile
	go test -run '^$$' -bench Start -benchtime 101x -timeout 10m .
	go test -run '^$$' -bench . -benchtime 300x -timeout 10m ./cmd/lockstile-mcp
	go test -run '^$$' -bench Key -benchtime 3000x -timeout 10m ./session
	go test -run '^$$' -bench 'Flood|AtOnce' -benchtime 21x -timeout 10m ./session
	go test -run '^$$' -bench Idle -benchtime 1x -timeout 10m ./session

# The table of parity, as it is in docs/parity.md.
parity:
	@echo '| Mode | network | io | writes in the workspace | outside | reaches the host | reads a credential store | has a variable named like a secret | with a secret value | reads a file of deny_read | has no limit | restrictions proven | run | library | shell | exec_command | MCP |'
	@echo '|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|'
	@go test -count=1 -timeout 5m -v -run 'TestParity$$' ./cmd/lockstile-mcp | sed -n 's/^.*go:[0-9]*: \(| .*\)/\1/p'

# Fuzz each parser of untrusted bytes, and keep what reached something new.
fuzz:
	@bash scripts/fuzz.sh
