package lockstile

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// probeWord makes the test's program, as the first argument, the command that tries the
// questions inside.
const probeWord = "try-the-questions"

// attempt is a question for the command.
type attempt struct {
	Access, Target string
	There          bool
}

// happened is what the command saw.
type happened struct {
	Done bool
	Text string // the content, or the names of a folder
}

// probe tries each question of standard input.
func probe() {
	var all []attempt
	if err := json.NewDecoder(os.Stdin).Decode(&all); err != nil {
		os.Exit(9)
	}
	out := make([]happened, len(all))
	for i, a := range all {
		switch a.Access {
		case "read":
			out[i] = tryRead(a.Target)
		case "write":
			out[i].Done = tryWrite(a)
		case "connect":
			out[i].Done = tryConnect(a.Target)
		case "env":
			out[i].Text, out[i].Done = os.LookupEnv(a.Target)
		}
	}
	_ = json.NewEncoder(os.Stdout).Encode(out)
}

func tryRead(name string) happened {
	f, err := os.OpenFile(name, os.O_RDONLY|0x800, 0) // O_NONBLOCK: a FIFO never opens otherwise
	if err != nil {
		return happened{}
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		names, err := f.Readdirnames(-1)
		slices.Sort(names)
		return happened{err == nil, strings.Join(names, " ")}
	}
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		return happened{true, "a FIFO"}
	}
	text := make([]byte, 512)
	n, _ := f.Read(text)
	return happened{true, string(text[:n])}
}

func tryWrite(a attempt) bool {
	info, err := os.Stat(a.Target)
	switch {
	case err == nil && info.IsDir():
		f, err := os.CreateTemp(a.Target, "try")
		if err != nil {
			return false
		}
		f.Close()
		return os.Remove(f.Name()) == nil
	case err == nil && a.There:
		f, err := os.OpenFile(a.Target, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return false
		}
		f.Close()
		return true
	}
	if to, err := os.Readlink(a.Target); err == nil && filepath.IsAbs(to) {
		_ = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	_ = os.MkdirAll(filepath.Dir(a.Target), 0o755)
	f, err := os.OpenFile(a.Target, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return false
	}
	_, err = f.WriteString("x")
	return f.Close() == nil && err == nil
}

func tryConnect(target string) bool {
	network, address := "tcp", target
	if path, unix := strings.CutPrefix(target, "unix:"); unix {
		network, address = "unix", path
	}
	c, err := net.DialTimeout(network, address, 2*time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}
