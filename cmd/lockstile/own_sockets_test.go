//go:build linux

package main

import (
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestOwnSockets checks a machine whose Landlock keeps foreign Unix sockets away. No
// connect comes to lockstile: each kind of host socket is out of reach, and each socket
// made inside works, datagrams too.
func TestOwnSockets(t *testing.T) {
	abi, _, _ := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if int(abi) < 9 {
		t.Skip("needs version 9 of Landlock: scripts/machine-tests.sh")
	}
	p := newPlace(t)
	for name, network := range map[string]string{"stream": "unix", "packets": "unixpacket"} {
		l, err := net.ListenUnix(network, &net.UnixAddr{Name: p.ws + "/" + name, Net: network})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	datagrams, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: p.ws + "/datagrams", Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	script := `
import socket
kinds={"stream":socket.SOCK_STREAM,"packets":socket.SOCK_SEQPACKET,"datagrams":socket.SOCK_DGRAM}
def tries(what,f):
  try: f(); print(what,"reached")
  except OSError as e: print(what,e.strerror)
def made(kind): return socket.socket(socket.AF_UNIX,kind)
os.symlink("stream","link")
for name,kind in kinds.items():
  tries(name,lambda: made(kind).connect(name))
tries("link",lambda: made(kinds["stream"]).connect("link"))
d=os.open(".",os.O_RDONLY)
tries("descriptor",lambda: made(kinds["stream"]).connect("/proc/self/fd/%d/stream"%d))
tries("sendto",lambda: made(kinds["datagrams"]).sendto(b"x","datagrams"))
tries("sendmsg",lambda: socket.socketpair(socket.AF_UNIX,socket.SOCK_DGRAM)[0].sendmsg([b"x"],[],0,"datagrams"))
for name,kind in kinds.items():
  l=made(kind); l.bind("own-"+name)
  if name!="datagrams": l.listen()
  tries("own "+name,lambda: made(kind).connect("own-"+name))
tries("own sendto",lambda: made(kinds["datagrams"]).sendto(b"x","own-datagrams"))
l=made(kinds["stream"]); l.bind("peer"); l.listen(); c=made(kinds["stream"]); c.connect("peer")
print("peer",l.accept()[0].getsockopt(socket.SOL_SOCKET,socket.SO_PEERCRED,4)!=b"\0\0\0\0")`
	const want = `stream Permission denied
packets Permission denied
datagrams Permission denied
link Permission denied
descriptor Permission denied
sendto Permission denied
sendmsg Permission denied
own stream reached
own packets reached
own datagrams reached
own sendto reached
peer True
`
	r := p.lockstile("run", "--tty=false", "--", "sh", "-c", python(script))
	if got := strings.TrimSuffix(r.stdout, "done-well\n"); got != want {
		t.Errorf("%s%s", got, r.stderr)
	}
	bare := p.lockstile("run", "--tty=false", "--sandbox", "danger-full-access", "--", "sh", "-c", "rm -f link peer own-*; "+python(script))
	if strings.Contains(bare.stdout, "Permission denied") {
		t.Errorf("the probe proves nothing: %s", bare.stdout)
	}
	got := p.refusedAs(p.leaveOut("workspace-write", "pipes", "LOCKSTILE_LEAVE_OUT=host sockets"))
	if got.Restriction != "host sockets" {
		t.Errorf("%+v", got)
	}
}
