//go:build linux

package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// toolBuild is a tool whose offline build must work at the first try with the caches of the
// host, and leave the caches as they were.
type toolBuild struct {
	programs []string
	make     func(t *testing.T, p *place) // the project, and the host's caches
	warm     string                       // run on the host
	build    string                       // run in the sandbox, twice
}

// TestCachesOfBuilds builds with warm caches of the host and no network.
func TestCachesOfBuilds(t *testing.T) {
	for name, b := range map[string]toolBuild{
		"go": {[]string{"go"}, goProject, "go build -o /dev/null .",
			"go build -o out . && ./out && go test . && test -w $(go env GOMODCACHE)/cache && echo '// more' >> main.go && go build -o out ."},
		"npm": {[]string{"npm"}, npmProject, "npm install --no-audit --no-fund && rm -r node_modules",
			"rm -rf node_modules && npm ci --offline --no-audit --no-fund && node -e 'require(\"dep\")'"},
		"cargo": {[]string{"cargo"}, cargoProject, "cargo fetch",
			"cargo build --offline && rm -r target && cargo build --offline"},
		"maven": {[]string{"mvn"}, mavenProject, "true", "mvn -o -q -B validate && touch ~/.m2/repository/own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, program := range b.programs {
				if _, err := exec.LookPath(program); err != nil {
					t.Skipf("there is no %s here", program)
				}
			}
			p := newCachePlace(t)
			b.make(t, p)
			p.onHost(b.warm)
			before := p.listing()
			for range 2 {
				p.sh("workspace-write", b.build, 0)
			}
			if after := p.listing(); after != before {
				t.Errorf("the caches of the host have\n%s\nwere\n%s", after, before)
			}
		})
	}
}

func goProject(t *testing.T, p *place) {
	proxy := p.dir + "/proxy/example.com/dep/@v"
	const mod = "module example.com/dep\n\ngo 1.21\n"
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for name, text := range map[string]string{"go.mod": mod, "dep.go": "package dep\n\nfunc Answer() int { return 42 }\n"} {
		w, err := z.Create("example.com/dep@v1.0.0/" + name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, text)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, proxy+"/v1.0.0.info", `{"Version":"v1.0.0"}`)
	write(t, proxy+"/v1.0.0.mod", mod)
	write(t, proxy+"/v1.0.0.zip", archive.String())
	write(t, p.ws+"/go.mod", "module x\n\ngo 1.21\n\nrequire example.com/dep v1.0.0\n")
	write(t, p.ws+"/main.go", "package main\n\nimport \"example.com/dep\"\n\nfunc main() { println(dep.Answer()) }\n")
	p.env = append(p.env, "GOPROXY=file://"+p.dir+"/proxy", "GONOSUMDB=*", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local", "CGO_ENABLED=0", "GOWORK=off")
}

// packed is a compressed tar archive.
func packed(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	gz := gzip.NewWriter(&out)
	tw := tar.NewWriter(gz)
	for name, text := range files {
		if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(tw, text)
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// registry serves files on loopback; URL in a text is the address.
func registry(t *testing.T, files map[string][]byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	url := "http://" + l.Addr().String()
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := files[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Write(bytes.ReplaceAll(body, []byte("URL"), []byte(url)))
	}))
	return url
}

func npmProject(t *testing.T, p *place) {
	tarball := packed(t, map[string]string{"package/package.json": `{"name":"dep","version":"1.0.0"}`, "package/index.js": ""})
	sum := sha512.Sum512(tarball)
	url := registry(t, map[string][]byte{
		"/dep": []byte(`{"name":"dep","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"dep","version":"1.0.0","dist":{"tarball":"URL/dep/-/dep-1.0.0.tgz","integrity":"sha512-` +
			base64.StdEncoding.EncodeToString(sum[:]) + `"}}}}`),
		"/dep/-/dep-1.0.0.tgz": tarball,
	})
	write(t, p.ws+"/package.json", `{"name":"x","version":"1.0.0","dependencies":{"dep":"1.0.0"}}`)
	p.env = append(p.env, "npm_config_registry="+url, "npm_config_update_notifier=false")
}

func cargoProject(t *testing.T, p *place) {
	crate := packed(t, map[string]string{"dep-1.0.0/Cargo.toml": "[package]\nname = \"dep\"\nversion = \"1.0.0\"\nedition = \"2021\"\n", "dep-1.0.0/src/lib.rs": "pub fn answer() -> i32 { 42 }\n"})
	sum := sha256.Sum256(crate)
	url := registry(t, map[string][]byte{
		"/config.json":           []byte(`{"dl":"URL/dl"}`),
		"/3/d/dep":               []byte(`{"name":"dep","vers":"1.0.0","deps":[],"cksum":"` + hex.EncodeToString(sum[:]) + `","features":{},"yanked":false}` + "\n"),
		"/dl/dep/1.0.0/download": crate,
	})
	home, _ := os.UserHomeDir()
	if rustup := home + "/.rustup"; exists(rustup) {
		p.env = append(p.env, "RUSTUP_HOME="+rustup)
	}
	write(t, p.user(".cargo/config.toml"), "[registries.test]\nindex = \"sparse+"+url+"/\"\n")
	write(t, p.ws+"/Cargo.toml", "[package]\nname = \"x\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\ndep = { version = \"1\", registry = \"test\" }\n")
	write(t, p.ws+"/src/main.rs", "fn main() { println!(\"{}\", dep::answer()); }\n")
}

func mavenProject(t *testing.T, p *place) {
	pom := func(rest string) string {
		return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><packaging>pom</packaging>` + strings.TrimSpace(rest) + "</project>"
	}
	write(t, p.user(".m2/repository/g/parent/1/parent-1.pom"), pom("<groupId>g</groupId><artifactId>parent</artifactId><version>1</version>"))
	write(t, p.ws+"/pom.xml", pom("<parent><groupId>g</groupId><artifactId>parent</artifactId><version>1</version><relativePath/></parent><artifactId>x</artifactId>"))
	p.env = append(p.env, "MAVEN_OPTS=-Duser.home="+p.user(""))
}
