package lockstile

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"

	"github.com/lockstile/lockstile/internal/containers"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/residual"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Finding is the result of a check of Doctor.
type Finding struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
	Mend  string `json:"mend,omitempty"` // the line that removes the cause

	// Residual is the name of a residual that no machine of this kind holds, "" for the
	// result of an attempt (docs/residuals.md).
	Residual string `json:"residual,omitempty"`
}

// Machine describes this machine: the kernel, and the version of Landlock.
func Machine() string { return host.Describe() }

// Doctor tries each prerequisite of a start alone, then a whole start under each policy.
// Doctor goes on after a failure.
func (g *Gate) Doctor(policies []policy.Policy) []Finding {
	var findings []Finding
	own, _ := locate(g.named) // an error will show again at the opening
	if place := host.Place(); place.Engine != containers.None {
		findings = append(findings, Finding{Name: "the container", OK: true, Found: place.String()})
	}
	for _, p := range policies {
		switch p.Mode {
		case policy.ModeWorkspaceWrite:
			findings = slices.Concat(findings, doctorSetup(g.named, p), doctorNames(own, p), doctorSecrets(own, p))
		case policy.ModeReadOnly:
			findings = append(findings, doctorLayers(own, p)...)
		}
	}
	err := g.open()
	findings = append(findings, finding("the log in "+g.named, err))
	if err != nil {
		return findings
	}
	for _, p := range policies {
		notHeld, err := g.trial(p)
		f := finding("a start in "+p.Mode.String(), err)
		if notHeld != "" {
			f.Found = "starts " + notHeld
		}
		findings = append(findings, f)
	}
	return append(findings, Residuals()...)
}

// Residuals lists what no machine of this kind holds, as Doctor does at its end.
func Residuals() (all []Finding) {
	for _, r := range residual.On(runtime.GOOS) {
		all = append(all, Finding{Name: r.What, OK: true, Residual: r.ID, Found: r.Why, Mend: r.Meanwhile})
	}
	return all
}

// doctorLayers tries each restriction of a start alone.
func doctorLayers(home ownHome, p policy.Policy) []Finding {
	settled, err := planFor(home, p, os.Environ(), knowledge{}, nil)
	if err != nil {
		return []Finding{finding("a plan for this machine", err)}
	}
	launcher := newLauncher()
	defer launcher.Close() // the results are known; an error here does not matter
	names, results := launcher.Try(settled.plan)
	var out []Finding
	for i, name := range names {
		out = append(out, finding(name, results[i]))
	}
	return out
}

// doctorNames finds files of the workspace that can't be guarded by name.
func doctorNames(home ownHome, p policy.Policy) []Finding {
	settled, err := planFor(home, p, os.Environ(), knowledge{}, nil)
	if err != nil {
		return []Finding{finding("the trusted names of the workspace", err)}
	}
	var out []Finding
	for _, l := range p.LeftOut {
		out = append(out, Finding{Name: "the writable root " + l.Path, Found: "left out: " + l.Why, Mend: l.Mend})
	}
	for _, file := range settled.trusted.Linked {
		out = append(out, Finding{Name: file, OK: true, Found: "has another name, by which a command may be able to write it", Mend: "cp -p it, and mv the copy to its name"})
	}
	if n := settled.trusted.Unseen; n > 0 {
		out = append(out, Finding{Name: "the trusted names of the workspace", OK: true, Found: fmt.Sprintf("%d folders or more are not looked into", n), Mend: "start in a project's folder"})
	}
	return out
}

// trial starts a command without effect, and returns what the start does not hold.
func (g *Gate) trial(p policy.Policy) (notHeld string, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	defer null.Close()
	argv := []string{"true"}
	if runtime.GOOS == "windows" {
		argv = []string{"cmd.exe", "/d", "/c", "exit"}
	}
	child, err := g.Start(Request{Channel: "doctor", Policy: p, Argv: argv, Env: os.Environ(), Stdin: null, Stdout: null, Stderr: null})
	if err != nil {
		return "", err
	}
	exit, err := child.Wait()
	if err == nil && exit.Status() != 0 {
		err = fmt.Errorf("the command %s did not exit with 0", argv[0])
	}
	return child.Record().NotHeld, err
}

// isClone reports whether no process could be made at all.
func isClone(err error) bool {
	var call *os.SyscallError
	return errors.As(err, &call) && call.Syscall == "clone3"
}

func finding(name string, err error) Finding {
	if err == nil {
		return Finding{Name: name, OK: true, Found: "holds"}
	}
	f := Finding{Name: name, Found: err.Error(), Mend: "docs/" + runtime.GOOS + ".md says what a start needs"}
	var r *refusal.Error
	switch {
	case errors.As(err, &r):
		f.Mend = r.Hint
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EUSERS):
		f.Mend = moreNamespaces
	case errors.Is(err, syscall.ENOSYS):
		f.Mend = "use a newer kernel (5.14), or a container that lets the call through"
	case errors.Is(err, syscall.EPERM) && name == "fresh /proc" && !isClone(err):
		f.Mend = host.Place().UnmaskProc()
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		f.Mend = host.Place().AllowNamespaces()
	}
	return f
}
