package lockstile

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/proxywire"
	"github.com/lockstile/lockstile/policy"
)

// servers is the lockstile-net of one start: a command of its own, which ends with the
// start's command. nil is a start without rules for servers.
type servers struct {
	gate    *Gate
	rules   policy.Network
	begun   chan struct{} // closed when child or err is there
	child   *Child
	err     error
	control *os.File // our end of the channel

	start uint64 // the command's start line
	over  chan struct{}
	seen  map[refusedServer]bool
	lines int
	count connectionsField
}

// mostConnectionLines is how many decisions of a start have a line of their own.
const mostConnectionLines = 1000

// refusedServer is a refusal as the record tells it apart from others.
type refusedServer struct {
	host   string
	port   uint16
	reason string
}

// beginServers begins to start lockstile-net, beside the start of the command. The result is
// nil if the policy has no rules that open a server.
func (g *Gate) beginServers(r Request) *servers {
	p, err := approved(r)
	if err != nil || !p.NetworkByName() {
		return nil
	}
	s := &servers{gate: g, rules: p.Network, begun: make(chan struct{}), over: make(chan struct{}), seen: map[refusedServer]bool{}}
	go func() {
		defer close(s.begun)
		s.err = s.begin(p)
	}()
	return s
}

// begin starts lockstile-net. It waits for its first message.
func (s *servers) begin(p policy.Policy) error {
	program, err := findServersProgram()
	if err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return serversRefused(os.NewSyscallError("socketpair", err))
	}
	_ = unix.SetNonblock(pair[0], true) // of a descriptor of ours; for the poller
	theirs := os.NewFile(uintptr(pair[1]), "lockstile-net")
	defer theirs.Close()
	s.control = os.NewFile(uintptr(pair[0]), "lockstile-net")
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return serversRefused(err)
	}
	defer null.Close()
	s.child, err = s.gate.start(Request{Policy: serversPolicy(p, program, host.UserHome()), Argv: []string{program}, Stdin: theirs, Stdout: null, Stderr: null, Channel: serversProgram, ofServers: true})
	if err != nil {
		return serversRefused(err)
	}
	return nil
}

// leadToServers tells the command's programs where servers by name are reached.
func leadToServers(i *intent, l *systemLaunch) error {
	if !i.plan.ByName {
		return nil
	}
	port, err := l.ServersPort()
	i.command.Env = withServers(i.policy, i.command.Env, port)
	return err
}

// wait returns when lockstile-net runs, or can't be started.
func (s *servers) wait() error {
	if s == nil {
		return nil
	}
	<-s.begun
	return s.err
}

// field describes the rules for the start line.
func (s *servers) field() *networkField {
	if s == nil {
		return nil
	}
	return &networkField{s.rules.Allow, s.rules.Deny, s.rules.Private, s.child.Record().Seq}
}

// serve hands the listener and the rules over, and records the decisions from here on.
func (s *servers) serve(l *systemLaunch, start uint64) error {
	if s == nil {
		return nil
	}
	listener := l.TakeServers()
	defer unix.Close(listener) // from here on lockstile-net alone has the listener
	first, err := json.Marshal(proxywire.Begin{Allow: s.rules.Allow, Deny: s.rules.Deny, Private: s.rules.Private})
	if err != nil {
		return err
	}
	conn, err := s.control.SyscallConn()
	if err != nil {
		return serversRefused(err)
	}
	var sent error
	err = conn.Write(func(fd uintptr) bool {
		sent = unix.Sendmsg(int(fd), first, unix.UnixRights(listener), nil, unix.MSG_NOSIGNAL)
		return sent != unix.EAGAIN
	})
	if err == nil {
		err = os.NewSyscallError("sendmsg", sent)
	}
	if err != nil {
		return serversRefused(err)
	}
	s.start = start
	go s.hear()
	return nil
}

// hear records the decisions until the channel ends. What is no decision ends the channel, and
// with it lockstile-net: nothing more is reached.
func (s *servers) hear() {
	defer close(s.over)
	b := make([]byte, proxywire.MostMessage+1)
	for {
		n, err := s.control.Read(b)
		if err != nil || n == 0 {
			return
		}
		d, err := proxywire.ParseDecision(b[:n])
		if err == nil {
			err = s.record(d)
		}
		if err == nil && d.Allowed {
			_, err = s.control.Write([]byte(proxywire.Recorded))
		}
		if err != nil {
			s.count.Error = fmt.Sprint("no server can be reached any more: ", err)
			s.control.Close()
			return
		}
	}
}

// record writes the line of a decision, unless the same refusal was written or there are many
// lines.
func (s *servers) record(d proxywire.Decision) error {
	if d.Allowed {
		s.count.Allowed++
	} else {
		s.count.Refused++
	}
	if !s.worthALine(d) {
		s.count.Unlogged++
		return nil
	}
	s.lines++
	_, err := s.gate.log.Append(connectionLine{"connection", s.start, d.Via, d.Host, d.Port, d.Allowed, d.Rule, d.Reason, d.Address, d.Others})
	return err
}

// worthALine reports whether a decision gets a line, and keeps a refusal for the answer.
func (s *servers) worthALine(d proxywire.Decision) bool {
	if !d.Allowed {
		key := refusedServer{d.Host, d.Port, d.Reason}
		if s.seen[key] || len(s.seen) >= mostConnectionLines {
			return false
		}
		s.seen[key] = true
	}
	return s.lines < mostConnectionLines
}

// end ends lockstile-net when the command has ended, and returns the counts.
func (s *servers) end() *connectionsField {
	if s == nil {
		return nil
	}
	died := false
	select {
	case <-s.over:
		died = s.count.Error == ""
	default:
		s.shutdown()
		select {
		case <-s.over:
		case <-time.After(time.Second): // a stopped process, or a machine under load
			s.control.Close()
			<-s.over
		}
	}
	if died {
		s.count.Error = serversProgram + " ended before the command, and no server could be reached any more"
	}
	s.close()
	return &s.count
}

// shutdown tells lockstile-net that nothing more will come.
func (s *servers) shutdown() {
	conn, err := s.control.SyscallConn()
	if err == nil {
		err = conn.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_WR) }) // an ended process is as good
	}
	if err != nil {
		s.control.Close()
	}
}

// drop ends a lockstile-net that is not needed: the command was not started.
func (s *servers) drop() {
	if s == nil {
		return
	}
	<-s.begun
	s.close()
}

// close ends the processes of lockstile-net, and writes their end line.
func (s *servers) close() {
	if s.control != nil {
		s.control.Close()
	}
	if s.child != nil {
		_ = s.child.Signal(syscall.SIGKILL) // an ended process is as good
		_, _ = s.child.Wait()
	}
}
