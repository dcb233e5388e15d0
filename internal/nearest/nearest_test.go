package nearest

import "testing"

func TestDistance(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"run", "run", 0}, {"RUN", "run", 0}, {"rnu", "run", 1}, {"", "run", 3}, {"run", "", 3},
		{"doktor", "doctor", 1}, {"docter", "doctor", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
	} {
		if got := Distance(row.a, row.b); got != row.want {
			t.Errorf("Distance(%q, %q) is %d, want %d", row.a, row.b, got, row.want)
		}
	}
}

func TestClose(t *testing.T) {
	commands := []string{"run", "config", "doctor", "log"}
	for name, want := range map[string]string{"rnu": "run", "confg": "config", "logs": "log", "docter": "doctor", "ls": "", "whoami": "", "": ""} {
		if got := Close(name, commands); got != want {
			t.Errorf("Close(%q) is %q, want %q", name, got, want)
		}
	}
	if got := Close("x", nil); got != "" {
		t.Errorf("without candidates: %q", got)
	}
}
