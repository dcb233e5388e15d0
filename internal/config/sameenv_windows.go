package config

import "strings"

// sameVar compares the names of variables as the system does.
func sameVar(a, b string) bool { return strings.EqualFold(a, b) }
