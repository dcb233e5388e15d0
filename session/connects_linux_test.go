package session

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// connecting is the beginning of the scripts in these tests. A full queue takes no
// connect before an accept: with a Unix socket the next connect waits at once, with TCP
// the first packet is dropped and sent again after a second.
const connecting = `
import errno, os, signal, socket, struct, sys, threading, time
STREAM, SEQ = socket.SOCK_STREAM, socket.SOCK_SEQPACKET
def full(family, name, kind=STREAM):
    l = socket.socket(family, kind)
    l.bind(name)
    l.listen(0)
    first = socket.socket(family, kind)
    first.connect(l.getsockname())
    return l, first
PLACES = [(socket.AF_UNIX, "stream", STREAM), (socket.AF_UNIX, "seqpacket", SEQ), (socket.AF_UNIX, "\0abstract", STREAM), (socket.AF_INET, ("127.0.0.1", 0), STREAM), (socket.AF_INET6, ("::1", 0), STREAM)]
def error(call, *args):
    try:
        call(*args)
        return "none"
    except OSError as e:
        return errno.errorcode[e.errno]
def beside(call, *args):
    out = []
    t = threading.Thread(target=lambda: out.append(error(call, *args)), daemon=True)
    t.start()
    return t, out
def expect(what, got, *want):
    if got not in want:
        print("FAILED", what, got, want)
`

// python runs a script in a session. The script prints "all done" at its end, and FAILED
// for a wrong result.
func python(t *testing.T, script string) {
	t.Helper()
	s := started(t, false, "exec python3 -c '"+connecting+script+`
print("all done", flush=True)
'`)
	if text := s.sees(t, "all done"); strings.Contains(text, "FAILED") || strings.Contains(text, "Error") {
		t.Error(text)
	}
}

// TestConnectWaits checks that a connect to a full queue waits, and succeeds when there
// is room.
func TestConnectWaits(t *testing.T) {
	t.Parallel()
	python(t, `
for family, name, kind in PLACES:
    l, first = full(family, name, kind)
    many = 3 if family == socket.AF_UNIX else 1 # TCP tries after 1 s, 3 s, 7 s
    socks = [socket.socket(family, kind) for _ in range(many)]
    waits = [beside(s.connect, l.getsockname()) for s in socks]
    time.sleep(0.3)
    expect((name, "before"), [out for t, out in waits], [[]] * many)
    for s in socks:
        expect((name, "blocking"), s.getblocking(), True)
        expect((name, "limit"), s.getsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, 16), bytes(16))
    ends = [l.accept()[0] for _ in range(many + 1)]
    for t, out in waits:
        t.join()
        expect((name, "after"), out, ["none"])
    for s in socks:
        s.sendall(b"x")
    first.sendall(b"x")
    for e in ends:
        expect((name, "through"), e.recv(1), b"x")
`)
}

// TestConnectSwapped checks that only the requested socket is connected: after another
// socket takes the number meanwhile, the other socket stays unconnected, and the call
// ends.
func TestConnectSwapped(t *testing.T) {
	t.Parallel()
	python(t, `
for family, name, kind in PLACES:
    for pause in (0.3, 1, 4, 16): # under load the connect may begin only after the swap
        l, first = full(family, name, kind)
        s, other = socket.socket(family, kind), socket.socket(family, kind)
        t, out = beside(s.connect, l.getsockname())
        time.sleep(pause)
        os.dup2(other.fileno(), s.fileno())
        if family == socket.AF_UNIX: l.accept()
        t.join(5)
        if t.is_alive(): l.accept()
        t.join()
        if out == ["EBADF"]: break
        l.close()
        if family == socket.AF_UNIX and name[0] != chr(0): os.unlink(name)
    expect((name, "after"), out, ["EBADF"])
    expect((name, "the other"), error(other.getpeername), "ENOTCONN")
`)
}

// TestConnectEndsWithListener checks that a waiting connect ends with the listener.
func TestConnectEndsWithListener(t *testing.T) {
	t.Parallel()
	python(t, `
for family, name, kind in PLACES:
    l, first = full(family, name, kind)
    t, out = beside(socket.socket(family, kind).connect, l.getsockname())
    time.sleep(0.3)
    expect((name, "before"), out, [])
    l.close()
    t.join()
    expect((name, "after"), out, ["ECONNREFUSED"])
`)
}

// TestConnectLimits checks the errors of sockets with a time limit, and of non-blocking
// sockets.
func TestConnectLimits(t *testing.T) {
	t.Parallel()
	python(t, `
for family, name, kind in PLACES:
    l, first = full(family, name, kind)
    unix = family == socket.AF_UNIX
    for limit in (300, 300000): # microseconds
        s = socket.socket(family, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, limit))
        expect((name, limit), error(s.connect, l.getsockname()), "EAGAIN" if unix else "EINPROGRESS")
        expect((name, limit, "again"), error(s.connect, l.getsockname()), "EAGAIN" if unix else "EALREADY")
    s = socket.socket(family, kind)
    s.setblocking(False)
    expect((name, "now"), error(s.connect, l.getsockname()), "EAGAIN" if unix else "EINPROGRESS")
    expect((name, "now, again"), error(s.connect, l.getsockname()), "EAGAIN" if unix else "EALREADY")
`)
}

// TestConnectAndSignals checks that a signal doesn't make a connect fail, that the
// signal's handler runs, and that a deadly signal ends the connect.
func TestConnectAndSignals(t *testing.T) {
	t.Parallel()
	python(t, `
for family, name, kind in PLACES:
    l, first = full(family, name, kind)
    handled = []
    signal.signal(signal.SIGALRM, lambda *_: handled.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    accepted = []
    def accept():
        time.sleep(0.4)
        accepted.extend([l.accept(), l.accept()])
    t = threading.Thread(target=accept)
    t.start()
    expect((name, "signal"), error(socket.socket(family, kind).connect, l.getsockname()), "none")
    expect((name, "handler"), handled, [1])
    t.join()
    # Who is killed gets in no more, and the next does.
    first = socket.socket(family, kind)
    first.connect(l.getsockname())
    child = os.fork()
    if child == 0:
        socket.socket(family, kind).connect(l.getsockname())
        os._exit(0)
    time.sleep(0.3)
    os.kill(child, signal.SIGKILL)
    expect((name, "killed"), os.waitpid(child, 0)[1], signal.SIGKILL)
    l.accept()
    s = socket.socket(family, kind)
    expect((name, "next"), error(s.connect, l.getsockname()), "none")
`)
}

// TestConnectsPending checks the bound of waiting connects: more connects fail until the
// waiting connects succeed or die.
func TestConnectsPending(t *testing.T) {
	t.Parallel()
	python(t, `
l, first = full(socket.AF_UNIX, "full")
child = os.fork()
if child == 0:
    waits = [beside(socket.socket(socket.AF_UNIX).connect, "full") for _ in range(70)]
    while sum(out == ["EAGAIN"] for t, out in waits) < 6: time.sleep(0.01)
    expect("pending", sum(out == [] for t, out in waits), 64)
    print("CHILD")
    sys.stdout.flush()
    signal.pause()
while error(socket.socket(socket.AF_UNIX).connect, "nobody") != "EAGAIN": time.sleep(0.01)
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
expect("after", error(socket.socket(socket.AF_UNIX).connect, "nobody"), "ENOENT")
`)
}

// TestConnectsEndWithCommand checks that waiting connects end with their sandbox, and
// leave nothing in our process.
func TestConnectsEndWithCommand(t *testing.T) {
	before := sockets(t)
	s := started(t, false, "exec python3 -c '"+connecting+`
for family, name, kind in PLACES:
    l, first = full(family, name, kind)
    for _ in range(5): beside(socket.socket(family, kind).connect, l.getsockname())
    time.sleep(0.1)
print("all wait", flush=True)
signal.pause()
'`)
	s.sees(t, "all wait")
	if err := s.End(); err != nil {
		t.Fatal(err)
	}
	s.Poll(context.Background(), patience)
	deadline := time.Now().Add(patience)
	for left := sockets(t); left > before; left = sockets(t) {
		if time.Now().After(deadline) {
			t.Fatalf("%d sockets before, %d after", before, left)
		}
		time.Sleep(time.Millisecond)
	}
}

// sockets counts our open sockets.
func sockets(t *testing.T) (n int) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range list {
		if to, _ := os.Readlink("/proc/self/fd/" + fd.Name()); strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}
