//go:build linux

package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// taskWorld is what the tasks find outside their workspace: a home to copy for each run,
// and servers of the host.
type taskWorld struct {
	dir, template, wheel string
	port                 int
	sock                 string
}

// newTaskWorld makes the world. The folder is not below /tmp or TMPDIR: the view has its
// own.
func newTaskWorld(t *testing.T) *taskWorld {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-tasks-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &taskWorld{dir: dir, template: dir + "/template", sock: dir + "/s/sock", wheel: dir + "/tinywheel-1.0-py3-none-any.whl"}
	mkdir(t, dir+"/s")
	w.serve(t)
	w.makeTemplate(t)
	return w
}

// serve starts the host's servers: packages, a repository and pages by HTTP, on a port
// and on sockets in the file system.
func (w *taskWorld) serve(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/repo/", http.StripPrefix("/repo/", http.FileServer(http.Dir(w.template+"/ws"))))
	for path, body := range w.packages(t) {
		mux.HandleFunc(path, func(rw http.ResponseWriter, r *http.Request) {
			_, _ = rw.Write(bytes.ReplaceAll(body, []byte("127.0.0.1:PORT"), []byte(r.Host)))
		})
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second / 4}
	for _, at := range [][2]string{{"tcp", "127.0.0.1:0"}, {"unix", w.sock}, {"unix", w.dir + "/s/.s.PGSQL.5432"}} {
		l, err := net.Listen(at[0], at[1])
		if err != nil {
			t.Fatal(err)
		}
		if tcp, ok := l.Addr().(*net.TCPAddr); ok {
			w.port = tcp.Port
		}
		go func() { _ = server.Serve(l) }()
	}
	t.Cleanup(func() { server.Close() })
}

// packages returns the answers of the registries, by path.
func (w *taskWorld) packages(t *testing.T) map[string][]byte {
	npm := tarball(t, map[string]string{"package/package.json": `{"name":"leftpad","version":"1.0.0","bin":"cli.js"}`, "package/cli.js": "#!/usr/bin/env node\n"})
	crate := tarball(t, map[string]string{"tinycrate-1.0.0/Cargo.toml": "[package]\nname = \"tinycrate\"\nversion = \"1.0.0\"\nedition = \"2021\"\n", "tinycrate-1.0.0/src/lib.rs": ""})
	wheel := zipped(t, map[string]string{"tinywheel.py": "", "tinywheel-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tinywheel\nVersion: 1.0\n",
		"tinywheel-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n", "tinywheel-1.0.dist-info/RECORD": ""})
	if err := os.WriteFile(w.wheel, wheel, 0o644); err != nil {
		t.Fatal(err)
	}
	const mod = "module example.com/dep\n"
	return map[string][]byte{
		"/{$}": []byte("front page\n"), "/page": []byte("page\n"), "/install.sh": []byte("true\n"), "/x": []byte("x\n"),
		"/npm/leftpad":     []byte(`{"name":"leftpad","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"leftpad","version":"1.0.0","bin":{"leftpad":"cli.js"},"license":"MIT","dist":{"shasum":"` + fmt.Sprintf("%x", sha1.Sum(npm)) + `","tarball":"http://127.0.0.1:PORT/npm/leftpad.tgz"}}}}`),
		"/npm/leftpad.tgz": npm, "PUT /npm/pkg": []byte("{}"),
		"/simple/tinywheel/":                 []byte(`<a href="/tinywheel-1.0-py3-none-any.whl">tinywheel-1.0-py3-none-any.whl</a>`),
		"/tinywheel-1.0-py3-none-any.whl":    wheel,
		"/go/example.com/dep/@v/list":        []byte("v1.0.0\n"),
		"/go/example.com/dep/@v/v1.0.0.info": []byte(`{"Version":"v1.0.0","Time":"2024-01-01T00:00:00Z"}`),
		"/go/example.com/dep/@v/v1.0.0.mod":  []byte(mod),
		"/go/example.com/dep/@v/v1.0.0.zip":  zipped(t, map[string]string{"example.com/dep@v1.0.0/go.mod": mod, "example.com/dep@v1.0.0/d.go": "package dep\n"}),
		"/crates/config.json":                []byte(`{"dl":"http://127.0.0.1:PORT/dl/{crate}.crate"}`),
		"/crates/ti/ny/tinycrate":            fmt.Appendf(nil, `{"name":"tinycrate","vers":"1.0.0","deps":[],"features":{},"yanked":false,"cksum":"%x"}`+"\n", sha256.Sum256(crate)),
		"/dl/tinycrate.crate":                crate,
	}
}

// tarball packs files.
func tarball(t *testing.T, files map[string]string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, text)
	}
	w.Close()
	z.Close()
	return b.Bytes()
}

// zipped packs files.
func zipped(t *testing.T, files map[string]string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(f, text)
	}
	w.Close()
	return b.Bytes()
}

// makeTemplate makes the home u, the workspace ws, the plain workspace, and the folder out
// beside them.
func (w *taskWorld) makeTemplate(t *testing.T) {
	port := strconv.Itoa(w.port)
	for path, text := range map[string]string{
		"u/.profile": "a\n", "u/.bashrc": "a\n", "u/.config/old": "a\n", "u/.cache/old": "a\n", "u/.local/share/old": "a\n", "u/.local/lib/node_modules/old": "a\n",
		"u/.gitconfig":       "[user]\n\tname = a\n\temail = a@b\n[commit]\n\tgpgSign = false\n",
		"u/.aws/credentials": "[default]\naws_access_key_id = a\n", "u/.netrc": "machine example.com login a password b\n", "u/.npmrc": "registry=http://127.0.0.1:" + port + "/npm/\n",
		"u/.cargo/config.toml": "[source.crates-io]\nreplace-with = \"r\"\n[source.r]\nregistry = \"sparse+http://127.0.0.1:" + port + "/crates/\"\n",
		"ws/tracked":           "first\n", "ws/sub/tracked": "first\n", "ws/pkg/package.json": `{"name":"pkg","version":"1.0.0"}`,
		"ws/package.json": `{"name":"a","version":"1.0.0","scripts":{"build":"true"}}`,
		"ws/go.mod":       "module m\n\ngo 1.21\n", "ws/main.go": "package main\n\nfunc main() {}\n", "ws/m_test.go": "package main\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) {}\n",
		"ws/crate/Cargo.toml": "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n", "ws/crate/src/main.rs": "fn main() {}\n",
		"plain/tracked": "first\n", "out/old": "a\n",
	} {
		mkdir(t, filepath.Dir(filepath.Join(w.template, path)))
		write(t, filepath.Join(w.template, path), text)
	}
	const script = `mkdir -m 700 u/.ssh u/.gnupg; ssh-keygen -q -t ed25519 -N "" -f u/.ssh/id_ed25519 2>/dev/null || echo key >u/.ssh/id_ed25519; cd ws; export HOME=$PWD/../u
for d in sub .; do (cd $d; git init -q --template= && mkdir .git/hooks && git add tracked && git commit -qm first); done
git update-server-info; git clone -q --template= --bare . ../out/bare.git`
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = w.template
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// taskRun is one try of a task, in a fresh copy of the world.
type taskRun struct {
	dir string
	env []string
}

// fresh copies the world for one run.
func (w *taskWorld) fresh(t *testing.T, task *task) *taskRun {
	dir, err := os.MkdirTemp(w.dir, "run-")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cp", "-a", w.template+"/.", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r := &taskRun{dir: dir, env: []string{"HOME=" + dir + "/u", "LOCKSTILE_HOME=" + dir + "/home", "OUT=" + dir + "/out", "PORT=" + strconv.Itoa(w.port),
		"SOCK=" + w.sock, "WHEEL=" + w.wheel, "GOPROXY=http://127.0.0.1:" + strconv.Itoa(w.port) + "/go", "GOSUMDB=off", "GOTOOLCHAIN=local", "GOFLAGS=-mod=mod -modcacherw",
		"npm_config_registry=http://127.0.0.1:" + strconv.Itoa(w.port) + "/npm/", "npm_config_fetch_retries=0", "npm_config_update_notifier=false",
		"PIP_INDEX_URL=http://127.0.0.1:" + strconv.Itoa(w.port) + "/simple", "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_ROOT_USER_ACTION=ignore",
		"LC_ALL=C.UTF-8", "LANGUAGE=" + task.lang, "TERM=dumb", "USER=dev", "TMPDIR=/tmp"}}
	for _, name := range []string{"PATH", "RUSTUP_HOME", "LOGNAME"} {
		if v, ok := os.LookupEnv(name); ok {
			r.env = append(r.env, name+"="+v)
		}
	}
	if home, err := os.UserHomeDir(); err == nil && exists(home+"/.rustup") {
		r.env = append(r.env, "RUSTUP_HOME="+home+"/.rustup")
	}
	if strings.Contains(task.script, "CANARY") {
		r.canary(t)
	}
	return r
}

// canary starts a process of the host, for the run to look for.
func (r *taskRun) canary(t *testing.T) {
	cmd := exec.Command("sleep", "1007")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	r.env = append(r.env, "CANARY="+strconv.Itoa(cmd.Process.Pid))
}
