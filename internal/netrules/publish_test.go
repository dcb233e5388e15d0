package netrules

import "testing"

func TestParsePublished(t *testing.T) {
	for text, want := range map[string]string{
		"3000": "127.0.0.1:3000:3000", "8080:80": "127.0.0.1:8080:80", "127.0.0.1:8080:80": "127.0.0.1:8080:80", "127.1.2.3:8080:80": "127.1.2.3:8080:80", "[::1]:8080:80": "[::1]:8080:80",
		"": "", "0": "", "*": "", "x": "", "65536": "", "08080:80": "", "8080:": "", ":80": "", "0.0.0.0:8080:80": "", "192.168.1.1:8080:80": "", "localhost:8080:80": "", "[::]:8080:80": "", "[::1]": "", "1:2:3:4": "", "[::1%lo]:1:2": "",
	} {
		got, err := ParsePublished(text)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("%q: %v %v, want %q", text, got, err, want)
		}
	}
}

// FuzzParse checks that what is read is written and read again as the same.
func FuzzParsePublished(f *testing.F) {
	f.Add("127.0.0.1:8080:80")
	f.Add("[::1]:1:2")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePublished(text)
		if err != nil {
			return
		}
		if again, err := ParsePublished(p.String()); err != nil || again != p || !p.At.Addr().IsLoopback() {
			t.Errorf("%q: %v, again %v, %v", text, p, again, err)
		}
	})
}
