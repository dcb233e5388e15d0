package setup

import (
	"slices"
	"testing"
)

func TestTools(t *testing.T) {
	const path = `C:\Windows;"C:\Users\me\go\bin";c:\users\ME\go\bin\;C:\Users\me;C:\Users\me\.lockstile\x;C:\Users\meme\bin;C:\Users\me\..\you;;C:\Users\me\AppData\npm`
	if got, want := tools(path, `C:\Users\me`, `C:\Users\me\.lockstile`), []string{`C:\Users\me\go\bin`, `C:\Users\me\AppData\npm`}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := tools(path, "", ""); len(got) != 0 {
		t.Errorf("%q", got)
	}
}
