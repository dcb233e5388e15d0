.DEFAULT_GOAL := help
.PHONY: help quick lint test cases bench parity picture fuzz dist

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

quick: ## test in less than two minutes: needs Go alone, no root, no packages
	bash scripts/quick.sh

lint: ## format and vet, for every system that is built
	bash scripts/lint.sh

test: ## run every check, and install what the checks need
	bash scripts/test.sh

cases: ## print the table of docs/cases.md: as root, for both users
	@bash scripts/cases.sh

bench: ## measure what starts and output cost next to doing without
	@command -v bwrap >/dev/null || { echo "as root: apt-get install bubblewrap" >&2; exit 1; }
	go test -run '^$$' -bench Run -benchtime 101x -timeout 10m ./cmd/lockstile
	go test -run '^$$' -bench 'Inside|Many|Output' -benchtime 11x -timeout 10m ./cmd/lockstile
	go test -run '^$$' -bench Start -benchtime 101x -timeout 10m .
	go test -run '^$$' -bench Servers -benchtime 11x -timeout 10m ./cmd/lockstile
	go test -run '^$$' -bench . -benchtime 300x -timeout 10m ./cmd/lockstile-mcp
	go test -run '^$$' -bench Key -benchtime 3000x -timeout 10m ./session
	go test -run '^$$' -bench 'Flood|AtOnce' -benchtime 21x -timeout 10m ./session
	go test -run '^$$' -bench Idle -benchtime 1x -timeout 10m ./session
	go test -run '^$$' -bench FirstFrame -benchtime 51x -timeout 10m ./cmd/lockstile-agent
	go test -run '^$$' -bench Key -benchtime 500x -timeout 10m ./internal/tui

parity: ## print the table of docs/parity.md
	@echo '| Mode | network | io | writes in the workspace | outside | reaches the host | reads a credential store | has a variable named like a secret | with a secret value | reads a file of deny_read | has no limit | restrictions proven | run | library | shell | exec_command | MCP |'
	@echo '|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|'
	@go test -count=1 -timeout 5m -v -run 'TestParity$$' ./cmd/lockstile-mcp | sed -n 's/^.*go:[0-9]*: \(| .*\)/\1/p'

picture: ## record the session of README.md anew: as root, with node and curl
	@bash scripts/picture.sh

fuzz: ## fuzz each parser of untrusted bytes, and keep what reached something new
	@bash scripts/fuzz.sh

dist: ## build the archives and packages of a release, of the last commit, in dist
	@bash scripts/dist.sh
