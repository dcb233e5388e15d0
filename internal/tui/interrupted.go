package tui

import "errors"

var errInterrupted = errors.New("interrupted by the user")
