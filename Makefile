.PHONY: test cases bench

test:
	bash scripts/test.sh

# The table of cases, as it is in docs/cases.md: run it as root and as a user.
cases:
	@go test -count=1 -timeout 5m -v -run TestCases ./cmd/lockstile | sed -n 's/^.*go:[0-9]*: \(| .*\)/\1/p'

# What starts and output cost next to doing without.
bench:
	go test -run '^$$' -bench . -benchtime 11x -timeout 10m ./cmd/lockstile
