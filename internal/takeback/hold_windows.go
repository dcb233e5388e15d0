package takeback

import "os"

// unfinished is empty: nobody can take an open file from the holder.
const unfinished = ""

// hold does nothing here: an open file can't be removed.
func hold(*os.File) error { return nil }

// discard fails while the note's start has the note open.
func discard(f *os.File, name string) error {
	f.Close()
	return os.Remove(name)
}

// claim takes a note that nobody has open; nil for another note. Only such a file can be
// removed: the note is written anew, and stays open.
func claim(f *os.File, name string, content []byte) *os.File {
	f.Close()
	if os.Remove(name) != nil {
		return nil
	}
	again, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil
	}
	if _, err := again.Write(content); err != nil {
		again.Close()
		return nil
	}
	return again
}
