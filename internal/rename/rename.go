// Package rename gives files other names. Package rename must never replace a file.
package rename
