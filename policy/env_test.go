package policy

import (
	"slices"
	"strings"
	"testing"
)

func TestEnvApply(t *testing.T) {
	environ := []string{
		"PATH=/bin", "HOME=/home/u", "EDITOR=vi", "GITHUB_TOKEN=x", "api_key=x", "AWS_PROFILE=p", "AWS_REGION=eu", "SSH_AUTH_SOCK=/s",
		"DB_PASSWORD=x", "npm_config__auth=x", "HARMLESS=ghp_" + strings.Repeat("A1b2C3d4E", 4), "PROXY=http://u:" + "pw@h:1", "KEYBOARD=us",
		"GIT_AUTHOR_NAME=me", "OLDPWD=/", "EMPTY=", "DUP=1", "DUP=2", "broken", "=x", "NUL=\x00", "BOX=a=b",
	}
	tests := []struct {
		name          string
		env           Env
		kept, removed []string
	}{
		{"none", Env{Inherit: InheritNone}, []string{}, []string{"AWS_PROFILE", "AWS_REGION", "BOX", "DB_PASSWORD", "DUP", "EDITOR", "EMPTY", "GITHUB_TOKEN",
			"GIT_AUTHOR_NAME", "HARMLESS", "HOME", "KEYBOARD", "OLDPWD", "PATH", "PROXY", "SSH_AUTH_SOCK", "api_key", "npm_config__auth"}},
		{"default", Env{Inherit: InheritAll},
			[]string{"AWS_REGION=eu", "BOX=a=b", "DUP=2", "EDITOR=vi", "EMPTY=", "GIT_AUTHOR_NAME=me", "HOME=/home/u", "KEYBOARD=us", "OLDPWD=/", "PATH=/bin"},
			[]string{"AWS_PROFILE", "DB_PASSWORD", "GITHUB_TOKEN", "HARMLESS", "PROXY", "SSH_AUTH_SOCK", "api_key", "npm_config__auth"}},
		{"include_only and set", Env{Inherit: InheritAll, IncludeOnly: []string{"p*", "*TOKEN"}, Set: map[string]string{"GITHUB_TOKEN": "mine", "NEW": "1"}},
			[]string{"GITHUB_TOKEN=mine", "NEW=1", "PATH=/bin"},
			[]string{"AWS_PROFILE", "AWS_REGION", "BOX", "DB_PASSWORD", "DUP", "EDITOR", "EMPTY", "GIT_AUTHOR_NAME", "HARMLESS", "HOME", "KEYBOARD", "OLDPWD", "PROXY",
				"SSH_AUTH_SOCK", "api_key", "npm_config__auth"}},
	}
	for _, tt := range tests {
		kept, removed := tt.env.Apply(environ)
		if !slices.Equal(kept, tt.kept) {
			t.Errorf("%s: kept %q", tt.name, kept)
		}
		if !slices.Equal(removed, tt.removed) {
			t.Errorf("%s: removed %q", tt.name, removed)
		}
	}
	kept, _ := Env{Inherit: InheritCore}.Apply(environ)
	if !slices.Equal(kept, []string{"HOME=/home/u", "PATH=/bin"}) {
		t.Errorf("core: %q", kept)
	}
	kept, _ = Env{Inherit: InheritAll, HandOnSecrets: true, Exclude: []string{"git*"}}.Apply(environ)
	if !slices.Contains(kept, "DB_PASSWORD=x") || slices.Contains(kept, "GITHUB_TOKEN=x") {
		t.Errorf("ignore_default_excludes with exclude: %q", kept)
	}
}

// TestNamesOfSecrets checks names as users and tools give them to secrets, and names of
// ordinary settings beside them.
func TestNamesOfSecrets(t *testing.T) {
	for _, name := range strings.Fields(`PASS PW DB_PW DB_PW_PROD WIFI_PASSCODE MYSQL_PASS_ROOT GCP_CREDS CREDS_FILE APP_CRED APP_CRED_ID WALLET_MNEMONIC
		PRIVATE_PEM MY_PRIVATE BLOB_SAS BLOB_SAS_URL SQL_CONN_STR ConnectionStrings__Db LOGIN_OTP CARD_PIN WEB_HMAC_V1 CODE_SIGNING_P12 ENCRYPTION_IV`) {
		if kept, _ := (Env{Inherit: InheritAll}).Apply([]string{name + "=x"}); len(kept) != 0 {
			t.Errorf("%s is handed on", name)
		}
	}
	for _, name := range strings.Fields(`PWD OLDPWD GOPRIVATE NODE_PINNED_VERSION PASSENGER_ENV SPIN PIN BYPASS_CACHE TOPWINDOW SASS_PATH`) {
		if kept, _ := (Env{Inherit: InheritAll}).Apply([]string{name + "=x"}); len(kept) != 1 {
			t.Errorf("%s is not handed on", name)
		}
	}
}
