package lockstile

import (
	"slices"
	"testing"
)

func TestWithTemp(t *testing.T) {
	got := withTemp([]string{"Temp=x", "A=1", "tmp=y", "TMPFOO=z"}, `C:\t`)
	if want := []string{"A=1", `TEMP=C:\t`, `TMP=C:\t`, `TMPDIR=C:\t`, "TMPFOO=z"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWithSystemRoot(t *testing.T) {
	for _, c := range []struct {
		env  []string
		root string
		want []string
	}{
		{[]string{"A=1"}, `C:\Windows`, []string{"A=1", `SystemRoot=C:\Windows`}},
		{[]string{"SYSTEMROOT=x"}, `C:\Windows`, []string{"SYSTEMROOT=x"}},
		{[]string{"A=1"}, "", []string{"A=1"}},
	} {
		if got := withSystemRoot(c.env, c.root); !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
