// Package stores lists the well-known places of credentials, as patterns. The package
// must never ask a file system.
package stores

import (
	"path"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/glob"
)

// Credential stores below the user's home, as tools document them and as
// sandboxes for applications (firejail's disable-common and disable-programs)
// and secret scanners list them. Folders go with all they hold. Some hold ordinary
// configuration beside a token (.yarnrc, .condarc, .jupyter): they are hidden all the same,
// and allow_read has the exception. ~/.config/yarn and ~/.ansible hold programs that tasks
// start, and stay readable but for the files named here.
var homeStores = [...]string{
	// keys and logins
	".ssh", ".gnupg", ".pki", ".netrc", ".authinfo", ".authinfo.gpg", ".git-credentials", ".git-credential-cache",
	".config/git/credentials", ".smbcredentials", ".davfs2/secrets", ".fetchmailrc", ".msmtprc", ".muttrc", ".mutt",
	".pgpass", ".my.cnf", ".mylogin.cnf", ".config/age", ".config/sops/age", ".age", ".step", ".putty", ".cert", ".vault-token",
	".Xauthority", ".ICEauthority", ".krb5",
	".config/gnupg", ".config/sops", ".vault-pass", ".vault_pass", ".saml2aws", ".awsvault", ".chef", ".circleci", ".ansible/galaxy_token",
	".ansible/cp", ".filezilla", ".config/filezilla", ".config/remmina", ".local/share/remmina", ".config/syncthing", ".local/state/syncthing",
	".config/borg", ".config/restic", ".config/pulse/cookie", ".config/libvirt", ".config/obs-studio",
	// clouds and clusters
	".aws", ".azure", ".kube", ".boto", ".s3cfg", ".s3cmd", ".passwd-s3fs", ".oci", ".aliyun", ".bluemix", ".config/gcloud", ".config/doctl",
	".config/hcloud", ".config/linode-cli", ".config/scw", ".config/rclone", ".rclone.conf", ".config/helm", ".terraform.d/credentials.tfrc.json",
	".terraformrc", ".pulumi/credentials.json", ".fly", ".config/heroku", ".config/netlify", ".config/vercel", ".local/share/com.vercel.cli",
	".wrangler/config", ".config/.wrangler", ".databrickscfg", ".snowflake", ".config/snowflake", ".config/stripe", ".config/ngrok",
	".ngrok2", ".cloudflared", ".config/tailscale", ".minikube", ".docker/config.json", ".config/containers/auth.json", ".config/op", ".op",
	".doppler", ".config/doppler", ".dockercfg", ".supabase", ".config/neonctl", ".config/fly", ".config/railway", ".railway", ".config/turso",
	".config/planetscale", ".config/civo", ".civo.json", ".config/exoscale", ".config/equinix", ".config/nomad", ".nomad-token", ".consul-token",
	".config/consul", ".config/argocd", ".argocd", ".config/rancher", ".rancher", ".config/k9s", ".lens", ".config/Lens",
	// forges and package registries
	".config/gh", ".config/glab-cli", ".config/hub", ".config/tea", ".npmrc", ".yarnrc.yml", ".config/pnpm/rc", ".pypirc", ".config/pypoetry/auth.toml",
	".config/pip/pip.conf", ".pip/pip.conf", ".config/uv/credentials", ".cargo/credentials.toml", ".cargo/credentials", ".gem/credentials", ".bundle/config",
	".composer/auth.json", ".config/composer/auth.json", ".m2/settings.xml", ".m2/settings-security.xml", ".gradle/gradle.properties",
	".sbt/credentials", ".ivy2/.credentials", ".nuget/NuGet/NuGet.Config", ".hex/hex.config", ".huggingface", ".cache/huggingface/token",
	".cache/huggingface/stored_tokens", ".kaggle", ".config/wandb", ".sentryclirc",
	".yarnrc", ".condarc", ".jupyter", ".config/configstore",
	// token files of coding agents
	".codex/auth.json", ".codex/.credentials.json", ".claude/.credentials.json", ".claude.json", ".gemini/oauth_creds.json", ".gemini/.env", ".config/github-copilot", ".copilot",
	".local/share/opencode/auth.json", ".config/goose/secrets.yaml", ".aider.conf.yml", ".continue/config.json", ".continue/.env",
	".config/anthropic", ".config/openai", ".openai", ".qwen/oauth_creds.json", ".cursor/mcp.json", ".config/Cursor", ".config/Code/User/globalStorage",
	".local/share/amp/secrets.json", ".factory/auth.json",
	".mcp-auth", ".config/io.datasette.llm", ".ollama/id_ed25519", ".modal.toml", ".config/VSCodium/User/globalStorage",
	".config/Code - Insiders/User/globalStorage", ".config/Windsurf", ".config/Trae", ".config/aichat", ".config/kilo", ".kilocode",
	".config/zed/credentials", ".config/opencode/auth.json", ".config/crush", ".local/share/crush", ".config/amp", ".grok", ".qwen", ".deepseek",
	".cody", ".config/tabnine", ".tabnine", ".codeium", ".config/cline", ".cline",
	// password stores and keyrings
	".password-store", ".local/share/keyrings", ".gnome2/keyrings", ".local/share/kwalletd", ".kde/share/apps/kwallet", ".kde4/share/apps/kwallet",
	".local/share/plasma-vault", ".vaults", ".config/keepassxc", ".keepass", ".keepassx", ".lastpass", ".config/1Password", ".config/Bitwarden",
	".config/Bitwarden CLI", ".config/keybase", "Library/Keychains", "*.kdbx", "*.kdb",
	".config/pass", ".config/rbw", ".local/share/rbw", ".config/bitwarden", ".config/gopass", ".local/share/gopass", ".config/infisical", ".infisical",
	".config/akeyless", ".akeyless",
	// clients of databases and services
	".config/Postman", ".config/Insomnia", ".config/DBeaverData", ".local/share/DBeaverData", ".config/beekeeper-studio", ".config/mongodb",
	".mongorc.js", ".dbshell",
	// wallets
	".bitcoin", ".ethereum", ".electrum", ".monero", ".litecoin", ".dogecoin", ".zcash", ".config/Exodus", ".config/Ledger Live", ".config/atomic",
	".config/solana", ".sui", ".aptos", ".foundry/keystores", ".brownie/accounts",
	// browsers and mail: cookies and saved logins
	".mozilla", ".config/mozilla", ".librewolf", ".thunderbird", ".config/google-chrome", ".config/google-chrome-beta", ".config/chromium", ".config/BraveSoftware",
	".config/microsoft-edge", ".config/vivaldi", ".config/opera", ".var/app", "snap/firefox", "snap/chromium", ".config/evolution", ".local/share/evolution",
	".config/Signal", ".config/Slack", ".config/discord", ".local/share/TelegramDesktop",
	"Library/Application Support/Google/Chrome", "Library/Application Support/Firefox", "Library/Application Support/BraveSoftware", "Library/Cookies",
	".purple", ".config/hexchat", ".irssi", ".weechat", ".config/weechat", ".config/Element", ".config/Mailspring", ".config/thunderbird",
	".config/mutt", ".config/neomutt", ".config/isync", ".mbsyncrc", ".offlineimaprc", ".config/msmtp", ".config/himalaya", ".config/aerc",
	".config/newsboat",
	// what was typed
	".bash_history", ".zsh_history", ".local/share/fish/fish_history", ".histfile", ".python_history", ".node_repl_history", ".psql_history",
	".mysql_history", ".rediscli_history", ".sqlite_history",
	".local/share/atuin", ".viminfo", ".lesshst", ".zhistory", ".zsh_sessions",
}

// Stores outside a home. Most are readable by root alone; commands started by
// root are confined too.
var systemStores = [...]string{
	"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/sudoers.d",
	"/etc/ssh/ssh_host_*_key", "/etc/ssl/private", "/etc/krb5.keytab", "/etc/davfs2/secrets",
	"/etc/wireguard", "/etc/NetworkManager/system-connections", "/etc/kubernetes", "/etc/rancher", "/etc/docker/key.json",
	"/var/lib/kubelet", "/run/secrets", "/var/run/secrets", "/var/backups", "/var/spool/cron",
}

// IsSystem reports whether a pattern is that of a store outside a home.
func IsSystem(pattern string) bool { return slices.Contains(systemStores[:], pattern) }

// Patterns returns the patterns of all stores, those of a home first and always in the
// same order. userHome is absolute, "" for no home.
func Patterns(userHome string) []string {
	out := make([]string, 0, len(homeStores)+len(systemStores))
	if userHome != "" {
		home := strings.TrimSuffix(path.Clean(glob.Escape(userHome)), "/")
		for _, s := range homeStores {
			out = append(out, home+"/"+s)
		}
	}
	return append(out, systemStores[:]...)
}
