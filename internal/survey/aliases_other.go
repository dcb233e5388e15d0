//go:build !linux

package survey

func mountTable() (string, error) { return "", nil }

// aliases: links are all that there is of them.
func (s *search) aliases([]state) error { return nil }
