//go:build linux

package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The world of the tests with servers: the tests run in namespaces of their own, where a
// second network namespace has the servers, with addresses that look public, and the
// resolver. Nothing leads out of it.
const (
	worldVariable   = "LOCKSTILE_TEST_WORLD"   // of a test in the world
	serversVariable = "LOCKSTILE_TEST_SERVERS" // of the process with the servers: the folder for its files

	worldGateway = "10.77.0.2"
)

// worldNames is what the resolver knows. "A then B" is A at the first question, and B later.
var worldNames = map[string]string{
	"ok.example.org": "93.184.216.34", "other.example.org": "93.184.216.34", "a.wild.example.org": "93.184.216.35", "evil.example.org": "93.184.216.36",
	"loopback.example.org": "127.0.0.1", "private.example.org": "10.77.0.2", "own.example.org": "10.77.0.1", "metadata.example.org": "169.254.169.254",
	"mixed.example.org": "127.0.0.1 93.184.216.34", "rebind.example.org": "93.184.216.34 then 127.0.0.1", "inside.example.org": "10.77.0.2",
}

// worldAddresses are the addresses of the servers.
var worldAddresses = []string{"93.184.216.34", "93.184.216.35", "93.184.216.36", "169.254.169.254"}

// inWorld runs a test in the world. Outside it starts the test again, inside; the test goes
// on only there.
func inWorld(t *testing.T) (inside bool) {
	t.Helper()
	if os.Getenv(worldVariable) != "" {
		enterWorld(t)
		return true
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=10m")
	cmd.Env = append(os.Environ(), worldVariable+"=1", "LOCKSTILE_TEST_PROGRAMS="+filepath.Dir(program))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL,
		AmbientCaps: []uintptr{unix.CAP_NET_ADMIN, unix.CAP_SYS_ADMIN, unix.CAP_NET_BIND_SERVICE},
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}}
	out, err := cmd.CombinedOutput()
	if testing.Verbose() || err != nil {
		t.Logf("in the world:\n%s", out)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("in the world: %v", err)
	}
	return false
}

// enterWorld makes the network and the servers of the world, and gives up the rights to do so.
func enterWorld(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	servers := exec.Command(self, "-test.run=^TestWorldServers$", "-test.v")
	servers.Env = append(os.Environ(), serversVariable+"="+dir)
	servers.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL, AmbientCaps: []uintptr{unix.CAP_NET_ADMIN, unix.CAP_NET_BIND_SERVICE}}
	servers.Stdout, servers.Stderr = os.Stderr, os.Stderr
	hold, err := servers.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := servers.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		hold.Close()
		servers.Process.Kill()
		servers.Wait()
	})
	ip(t, "link set lo up")
	ip(t, "link add v0 type veth peer name v1 netns "+strconv.Itoa(servers.Process.Pid))
	ip(t, "addr add 10.77.0.1/24 dev v0")
	ip(t, "link set v0 up")
	ip(t, "route add default via "+worldGateway)
	write(t, dir+"/resolv.conf", "nameserver "+worldGateway+"\n")
	if real, err := filepath.EvalSymlinks("/etc/resolv.conf"); err != nil {
		t.Fatal(err)
	} else if err := unix.Mount(dir+"/resolv.conf", real, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	wait(t, dir+"/ready")
	t.Setenv("WORLD", dir)
}

// ip runs a line of ip(8).
func ip(t *testing.T, line string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v %s", line, err, out)
	}
}

// TestWorldServers is the process with the servers.
func TestWorldServers(t *testing.T) {
	dir := os.Getenv(serversVariable)
	if dir == "" {
		t.Skip("this is a part of the tests with servers")
	}
	ip(t, "link set lo up")
	for until := time.Now().Add(patience); exec.Command("ip", "link", "set", "v1", "up").Run() != nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("there is no v1")
		}
	}
	ip(t, "addr add "+worldGateway+"/24 dev v1")
	for _, a := range worldAddresses {
		ip(t, "addr add "+a+"/32 dev lo")
	}
	config := worldCertificate(t, dir+"/ca.pem")
	go answerNames(t)
	for _, port := range []string{"22", "80", "443", "8080", "5432"} {
		l, err := net.Listen("tcp", "0.0.0.0:"+port)
		if err != nil {
			t.Fatal(err)
		}
		switch port {
		case "22", "5432":
			go banner(l, "SSH-2.0-world\r\n")
		case "443":
			go http.Serve(tls.NewListener(l, config), http.HandlerFunc(answerWorld))
		default:
			go http.Serve(l, http.HandlerFunc(answerWorld))
		}
	}
	write(t, dir+"/ready", "")
	io.Copy(io.Discard, os.Stdin) // to the end of the tests
}

// answerWorld answers a request with what it saw.
func answerWorld(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch {
	case strings.HasPrefix(r.URL.Path, "/www/"):
		http.ServeFile(w, r, filepath.Join(os.Getenv(serversVariable), filepath.Clean(r.URL.Path)))
	case r.URL.Path == "/redirect":
		http.Redirect(w, r, "http://evil.example.org/", http.StatusFound)
	case strings.HasPrefix(r.URL.Path, "/size/"):
		n, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/size/"))
		io.CopyN(w, zeros{}, int64(n))
	default:
		fmt.Fprintf(w, "world %s %s %s %d\n", r.Method, r.Host, r.URL, len(body))
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// banner says a line to each client, and then says again what it says.
func banner(l net.Listener, text string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			io.WriteString(c, text)
			line, _ := bufio.NewReader(c).ReadString('\n')
			io.WriteString(c, line)
		}()
	}
}

// worldCertificate makes the certificate of all names, which is its own authority.
func worldCertificate(t *testing.T, file string) *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "world"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"*.example.org", "*.wild.example.org"}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// answerNames is the resolver. Each question is written to the file "asked".
func answerNames(t *testing.T) {
	c, err := net.ListenPacket("udp", worldGateway+":53")
	if err != nil {
		t.Error(err)
		return
	}
	asked, err := os.Create(filepath.Join(os.Getenv(serversVariable), "asked"))
	if err != nil {
		t.Error(err)
		return
	}
	var mu sync.Mutex
	turn := map[string]int{}
	b := make([]byte, 512)
	for {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			return
		}
		mu.Lock()
		answer, name := answerName(b[:n], turn)
		mu.Unlock()
		fmt.Fprintln(asked, name)
		if answer != nil {
			c.WriteTo(answer, from)
		}
	}
}

// answerName answers a question for addresses (RFC 1035, 4.1).
func answerName(q []byte, turn map[string]int) (answer []byte, name string) {
	if len(q) < 17 {
		return nil, ""
	}
	at := 12
	var labels []string
	for at < len(q) && q[at] != 0 {
		end := at + 1 + int(q[at])
		if end > len(q) {
			return nil, ""
		}
		labels = append(labels, strings.ToLower(string(q[at+1:end])))
		at = end
	}
	if at+5 > len(q) {
		return nil, ""
	}
	name = strings.Join(labels, ".")
	kind := binary.BigEndian.Uint16(q[at+1:])
	answer = append([]byte(nil), q[:at+5]...)
	answer[2], answer[3] = 0x81, 0x80
	binary.BigEndian.PutUint32(answer[6:], 0)
	binary.BigEndian.PutUint16(answer[10:], 0)
	all, ok := worldNames[name]
	if !ok {
		answer[3] |= 3
		return answer, name
	}
	turns := strings.Split(all, " then ")
	now := turns[min(turn[name], len(turns)-1)]
	if kind != 1 {
		return answer, name
	}
	turn[name]++
	for i, a := range strings.Fields(now) {
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, net.ParseIP(a).To4()...)
		answer[7] = byte(i + 1)
	}
	return answer, name
}
