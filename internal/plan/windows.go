package plan

// Windows is what a confined start on Windows is made of.
type Windows struct {
	Sandbox     string   `json:"sandbox"`      // as the policy names it
	Restricting []string `json:"restricting"`  // the SIDs that alone give the right to write
	DefaultDACL string   `json:"default_dacl"` // who may open what the command makes, as SDDL
}
