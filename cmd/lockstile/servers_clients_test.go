//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestServersClients checks that real programs reach a server by name, and that what they got
// is there: most by their proxy variables, and those that know no proxy by being led.
func TestServersClients(t *testing.T) {
	if !inWorld(t) {
		return
	}
	www := os.Getenv("WORLD") + "/www"
	fillWWW(t, www)
	for _, c := range []struct {
		name, needs, script string
		want                string // of the output
		file                string // below the workspace
	}{
		{"curl", "curl", "curl -sSf https://ok.example.org/x", "world GET", ""},
		{"git", "git", "git clone -q https://ok.example.org/www/repo.git r && cat r/file", "from git", "r/.git/HEAD"},
		{"go", "go", "cd $(mktemp -d) && GOTOOLCHAIN=local GOFLAGS= GOPROXY=https://ok.example.org/www/go GONOSUMDB='*' GOMODCACHE=$PWD/m GOPATH=$PWD/p go mod download -x example.org/m@v1.0.0 2>&1 && cat m/example.org/m@v1.0.0/m.go", "package m", ""},
		{"npm", "npm", "npm pack m --registry https://ok.example.org/www/npm/ --cafile=ca.pem --fetch-retries=0 --cache=$PWD/c --loglevel=error", "m-1.0.0.tgz", "m-1.0.0.tgz"},
		{"pip", "pip", "pip download -q --no-deps --no-cache-dir --disable-pip-version-check --cert ca.pem -i https://ok.example.org/www/simple/ m && ls", "m-1.0.0-py3", "m-1.0.0-py3-none-any.whl"},
		{"python urllib", "python3", `python3 -c 'import urllib.request as u; print(u.urlopen("https://ok.example.org/x").read())'`, "world GET", ""},
		{"node, which knows no proxy", "node", `env -u NODE_USE_ENV_PROXY node -e 'require("https").get("https://ok.example.org/x", r => r.on("data", d => console.log(String(d)))).on("error", e => { console.log(e); process.exit(1) })'`, "world GET", ""},
		{"node fetch", "node", `node -e 'fetch("https://ok.example.org/x").then(r => r.text()).then(console.log, e => { console.log(e, e.cause); process.exit(1) })'`, "world GET", ""},
		{"java, which knows no proxy", "java", `printf 'public class X { public static void main(String[] a) throws Exception { System.out.print(new String(new java.net.URL("http://ok.example.org/x").openStream().readAllBytes())); } }' > X.java && java X.java`, "world GET", ""},
		{"wget", "wget", "wget -q --ca-certificate=ca.pem -O - https://ok.example.org/x", "world GET", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := exec.LookPath(c.needs); err != nil {
				t.Skip(err)
			}
			p := newPlace(t)
			p.rules(`allow = ["ok.example.org", "ok.example.org:80"]`)
			mkdir(t, p.dir+"/user")
			p.env = append(p.env, "HOME="+p.dir+"/user")
			if r := p.lockstile("run", "--", "sh", "-c", c.needs+" --version || "+c.needs+" version"); r.code != 0 {
				t.Skip("it does not start here: ", r.stderr)
			}
			r := p.sh("workspace-write", c.script, 0)
			if !strings.Contains(r.stdout, c.want) || c.file != "" && !exists(filepath.Join(p.ws, c.file)) {
				t.Errorf("%q %q", r.stdout, r.stderr)
			}
		})
	}
}

// fillWWW makes what the programs ask for: a repository, a module, and packages.
func fillWWW(t *testing.T, www string) {
	t.Helper()
	source := t.TempDir()
	write(t, source+"/file", "from git\n")
	mkdir(t, www)
	for _, args := range []string{
		"init -q " + source, "-C " + source + " add file", "-C " + source + " -c user.name=a -c user.email=a@example.org commit -qm x",
		"clone -q --bare " + source + " " + www + "/repo.git", "-C " + www + "/repo.git update-server-info",
	} {
		if out, err := exec.Command("git", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v %s", args, err, out)
		}
	}
	at := www + "/go/example.org/m/@v/"
	write(t, at+"list", "v1.0.0\n")
	write(t, at+"v1.0.0.info", `{"Version":"v1.0.0","Time":"2026-01-01T00:00:00Z"}`)
	write(t, at+"v1.0.0.mod", "module example.org/m\n")
	write(t, at+"v1.0.0.zip", string(zipped(t, map[string]string{"example.org/m@v1.0.0/go.mod": "module example.org/m\n", "example.org/m@v1.0.0/m.go": "package m\n"})))
	write(t, www+"/simple/m/index.html", `<a href="/www/m-1.0.0-py3-none-any.whl">m-1.0.0-py3-none-any.whl</a>`)
	const info = "m-1.0.0.dist-info/"
	write(t, www+"/m-1.0.0-py3-none-any.whl", string(zipped(t, map[string]string{"m.py": "", info + "METADATA": "Metadata-Version: 2.1\nName: m\nVersion: 1.0.0\n",
		info + "WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n", info + "RECORD": ""})))
	tgz := tarOf(t, "package/package.json", `{"name":"m","version":"1.0.0"}`)
	sum := sha1.Sum([]byte(tgz))
	write(t, www+"/npm/m.tgz", tgz)
	write(t, www+"/npm/m", fmt.Sprintf(`{"name":"m","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"m","version":"1.0.0","dist":{"shasum":"%s","tarball":"https://ok.example.org/www/npm/m.tgz"}}}}`, hex.EncodeToString(sum[:])))
}

func tarOf(t *testing.T, name, text string) string {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	w := tar.NewWriter(g)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, text)
	w.Close()
	g.Close()
	return b.String()
}
