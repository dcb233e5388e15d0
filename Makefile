.PHONY: test cases bench

test:
	bash scripts/test.sh

# The table of cases, as it is in docs/cases.md: as root, for both users.
cases:
	@bash scripts/cases.sh

# What starts and output cost next to doing without.
bench:
	go test -run '^$$' -bench . -benchtime 11x -timeout 10m ./cmd/lockstile
