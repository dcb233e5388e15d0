package redact

import (
	"slices"
	"strings"
	"testing"
)

func TestRedactArgs(t *testing.T) {
	for _, c := range []struct{ in, want []string }{
		{[]string{"ls", "-la", "a:b"}, []string{"ls", "-la", "a:b"}},
		{[]string{"x", "--token", "abc", "next"}, []string{"x", "--token", Mark, "next"}},
		{[]string{"x", "--token", "--verbose"}, []string{"x", "--token", "--verbose"}},
		{[]string{"x", "--password=abc", "y"}, []string{"x", "--password=" + Mark, "y"}},
		{[]string{"curl", "-u", "me:pw", "https://h/"}, []string{"curl", "-u", "me:" + Mark, "https://h/"}},
		{[]string{"id", "-u", "root"}, []string{"id", "-u", "root"}},
		{[]string{"curl", "-H", "authorization: Bearer abc def"}, []string{"curl", "-H", "authorization: " + Mark}},
		{[]string{"sh", "-c", `curl -H "X-Api-Key: abc" -H 'Cookie: a=b' h`}, []string{"sh", "-c", `curl -H "X-Api-Key: ` + Mark + `" -H 'Cookie: ` + Mark + `' h`}},
		{[]string{"Accept: text/plain", "my-cookie: x", "cookie:"}, []string{"Accept: text/plain", "my-cookie: x", "cookie:"}},
		{nil, []string{}},
	} {
		if got := Args(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%q\ngot  %q\nwant %q", c.in, got, c.want)
		}
	}
}

func FuzzRedactArgs(f *testing.F) {
	f.Add("Authorization: Bearer x", "abc")
	f.Add("https://u:p@h/ TOKEN=x", "İ:")
	f.Fuzz(func(t *testing.T, a, b string) {
		out := Args([]string{a, b})
		if len(out) != 2 {
			t.Fatal(out)
		}
		header := "authorization: " + strings.Map(func(r rune) rune {
			if r == '"' || r == '\'' || r == '\n' {
				return 'x'
			}
			return r
		}, b)
		if got := Text(header); len(strings.TrimSpace(b)) > 40 && strings.Contains(got, b) {
			t.Errorf("%q is in %q", b, got)
		}
	})
}
