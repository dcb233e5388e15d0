//go:build !linux

package survey

func mountTable() (string, error) { return "", nil }

// aliases adds nothing: links are the only aliases here, and the walk follows links.
func (s *search) aliases([]state) error { return nil }

func rootAliases([]string) ([]alias, error) { return nil, nil }
