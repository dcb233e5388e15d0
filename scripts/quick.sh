#!/usr/bin/env bash
# A test in less than two minutes, for whoever has Go and nothing else: no root, no
# packages. What starts programs of other packages, or takes long, is left to test.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
	printf 'not formatted:\n%s\n' "$unformatted"
	exit 1
fi
go vet ./...
long='/(cmd/lockstile|cmd/lockstile-mcp|internal/approve|session|internal/tool)$'
go test -timeout 2m $(go list ./... | grep -Ev "$long")
