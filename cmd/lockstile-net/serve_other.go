//go:build !linux

package main

// serve only works on Linux: elsewhere package plan refuses the rules.
func serve() error { return errAlone }
