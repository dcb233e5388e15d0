//go:build !unix

package cli

// noFollow is nothing: the file is compared with its name.
const noFollow = 0
