// Package pipe joins two of the product's own processes on Windows: the server makes a
// new pipe, and accepts only a process that the server started.
//
// Package pipe must never accept another process, or let the server act for the client.
package pipe

// Prefix begins the name of every pipe; random text follows.
const Prefix = `\\.\pipe\lockstile-`
