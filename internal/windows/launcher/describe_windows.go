package launcher

import (
	"fmt"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/refusal"
)

// Describe lists the steps of a start.
func Describe(p *plan.Plan, c launch.Command) ([]launch.Step, error) {
	io := "HANDLE_LIST"
	if c.Terminal != nil {
		io = "no handles"
	}
	steps := []launch.Step{step(refusal.Tree, "CreateJobObject")}
	create := "CreateProcess"
	if p.Windows != nil {
		create, io = "CreateProcessAsUser", "MITIGATION_POLICY, "+io
		steps = describeConfinement(p.Windows)
	}
	return append(steps,
		step("", "CreatePseudoConsole"),
		step(refusal.Tree, create+" suspended, with JOB_LIST, PSEUDOCONSOLE, "+io),
		step("", "ResumeThread"),
	), nil
}

func describeConfinement(w *plan.Windows) []launch.Step {
	steps := []launch.Step{step(refusal.Desktop, "CreateWindowStation, CreateDesktop")}
	if w.Account != "" {
		steps = append(steps, step(refusal.Sandbox, "CreateProcessWithLogonW: the runner, as "+w.Account))
	}
	steps = append(steps,
		step(refusal.Tree, fmt.Sprintf("CreateJobObject: %d processes, %d bytes", w.Processes, w.Memory)),
		step(refusal.UILimits, "SetInformationJobObject"),
		step(refusal.RestrictedToken, "CreateRestrictedToken"),
		step(refusal.RestrictedToken, "SetTokenInformation: default list"),
		step(refusal.Integrity, "SetTokenInformation: medium"))
	for _, e := range w.Entries {
		steps = append(steps, step(refusal.Mount(e.Path), "SetSecurityInfo, where it isn't there: "+e.ACE.String()))
	}
	return steps
}

func step(r refusal.Restriction, call string) launch.Step {
	return launch.Step{Process: whoCommand, Restriction: r, Call: call}
}
