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

func TestWithoutGC(t *testing.T) {
	for _, c := range []struct{ env, want []string }{
		{[]string{"A=1"}, []string{"A=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=gc.auto", "GIT_CONFIG_VALUE_0=0"}},
		{[]string{"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=a.b"}, []string{"GIT_CONFIG_COUNT=3", "GIT_CONFIG_KEY_0=a.b", "GIT_CONFIG_KEY_2=gc.auto", "GIT_CONFIG_VALUE_2=0"}},
		{[]string{"GIT_CONFIG_COUNT=x"}, []string{"GIT_CONFIG_COUNT=x"}},
	} {
		if got := withoutGC(c.env); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.env, got, c.want)
		}
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
