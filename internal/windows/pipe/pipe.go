// Package pipe joins two of the product's own processes on Windows: one makes a pipe
// that nobody made before it, and lets in one process that it started itself.
//
// It must never take another process for that one, or let who it connects to act for
// it.
package pipe

// Prefix begins the name of such a pipe; the rest is chance.
const Prefix = `\\.\pipe\lockstile-`
