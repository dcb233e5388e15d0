#!/usr/bin/env bash
# Runs every check of the project. As root it runs the end-to-end tests a second
# time as a normal user; without root, only as who you are.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

step "format and vet, for every system that is built"
test -z "$(gofmt -l . | tee /dev/stderr)"
for target in linux/amd64 linux/arm64 windows/amd64 windows/arm64 darwin/amd64 darwin/arm64; do
	GOOS=${target%/*} GOARCH=${target#*/} CGO_ENABLED=0 go vet ./...
done

step "tests"
go test -timeout 5m ./...
