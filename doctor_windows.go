package lockstile

import (
	"github.com/lockstile/lockstile/internal/windows/setup"
	"github.com/lockstile/lockstile/policy"
)

// doctorSetup checks the results of lockstile setup, if the policy needs the setup.
func doctorSetup(home string, p policy.Policy) []Finding {
	if p.WindowsSandbox == "unelevated" {
		return nil
	}
	var out []Finding
	for _, f := range setup.Check(setup.Machine{Home: home}) {
		one := Finding{Name: f.Step, OK: f.OK, Found: f.Found}
		if !f.OK {
			one.Mend = "run lockstile setup: it asks for an administrator's rights"
		}
		out = append(out, one)
	}
	return out
}
