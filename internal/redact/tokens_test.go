package redact

import (
	"strings"
	"testing"
)

// sample joins a sample at run time: otherwise scanners would take the file for a leak.
func sample(prefix string, n int) string {
	return prefix + strings.Repeat("A1b2C3d4E5", n/10+1)[:n]
}

func TestLooksSecret(t *testing.T) {
	upper := strings.ToUpper(sample("", 16))
	key := "-----BEGIN " + "OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----"
	secret := []string{
		sample("ghp_", 36), sample("gho_", 36), sample("github_pat_", 60), sample("glpat-", 20), "AKIA" + upper, "ASIA" + upper,
		sample("sk-", 48), sample("sk-ant-api03-", 80), sample("sk-proj-", 40), sample("xoxb-", 40), sample("sk_live_", 24),
		sample("AIza", 35), sample("npm_", 36), sample("hf_", 34), key, "header\n" + key,
		"url=" + sample("ghp_", 36) + "&x", "https://user:" + "hunter2@host/x", sample("eyJ", 20) + "." + sample("eyJ", 20) + "." + sample("", 20),
	}
	for _, s := range secret {
		if !LooksSecret(s) {
			t.Errorf("%q is not seen", s)
		}
		if r := Text("run " + s + " now"); LooksSecret(r) || !strings.HasPrefix(r, "run ") || !strings.HasSuffix(r, " now") {
			t.Errorf("Redact leaves %q", r)
		}
	}
	harmless := []string{
		"", "ghp_", "ghp_short", "AKIA", "AKIA" + upper + "X", "xAKIA" + upper, "sk-learn", "/home/u/sk-learn-project-directory-x1",
		"task-" + sample("", 40), "risk-management-dashboard-2024-release", "https://host/path", "https://user@host", "https://host:8080/a@b",
		"-----BEGIN CERTIFICATE-----", "npm_config_cache", "/usr/bin:/bin", "eyJust a word", "xoxb", "SG.1", "hf_home", "dapi",
	}
	for _, s := range harmless {
		if LooksSecret(s) {
			t.Errorf("%q is taken for a secret", s)
		}
	}
}

func TestRedactAssignments(t *testing.T) {
	for in, want := range map[string]string{
		"PASSWORD=hunter2 make":      "PASSWORD=[redacted] make",
		`--api-key="a b" x`:          `--api-key="[redacted]  x`[:len(`--api-key="[redacted]`)] + ` b" x`,
		"--sort-key=name":            "--sort-key=name",
		"a=b":                        "a=b",
		"TOKEN=":                     "TOKEN=",
		"GITHUB_TOKEN=x DB_PASSWD=y": "GITHUB_TOKEN=[redacted] DB_PASSWD=[redacted]",
		"max_tokens=4096":            "max_tokens=4096",
	} {
		if got := Text(in); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRedactManyBeginnings(t *testing.T) {
	for _, unit := range []string{"sk-a-", "eyJ-", "ghp_ ", "://a:", "-----BEGIN ", "TOKEN=", "a="} {
		s := strings.Repeat(unit, 200_000/len(unit))
		_ = Text(s)
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("curl -H 'Authorization: " + sample("ghp_", 36) + "'")
	f.Add("https://u:p@h " + "-----BEGIN " + "PRIVATE KEY-----\nx")
	f.Add("--token=x --password='y z'")
	f.Fuzz(func(t *testing.T, s string) {
		once := Text(s)
		if LooksSecret(once) {
			t.Errorf("Redact(%q) = %q still looks secret", s, once)
		}
		if !LooksSecret(s) && !strings.Contains(once, Mark) && once != s {
			t.Errorf("Redact changed %q to %q without need", s, once)
		}
	})
}
