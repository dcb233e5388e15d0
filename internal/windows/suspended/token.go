package suspended

import (
	"errors"

	"github.com/lockstile/lockstile/refusal"
)

// mediumIntegrity is the integrity of a user's ordinary programs. An administrator's
// shell may have more, and no command needs more.
const mediumIntegrity = "S-1-16-8192"

// restrict makes the token of a confined command from our own.
func restrict(s system, c *Confinement) (Handle, error) {
	token, err := s.restrictToken(c.Restricting)
	if err != nil {
		return 0, tokenFault("CreateRestrictedToken", err)
	}
	// A system may report success and do nothing: no file is opened to the capabilities
	// of a token that restricts nothing.
	if !s.isRestricted(token) {
		err = tokenFault("CreateRestrictedToken", errors.New("it succeeded, and the token isn't restricted"))
	} else if err = s.setDefaultDACL(token, c.DefaultDACL); err != nil {
		err = tokenFault("set its default list", err)
	} else if err = s.setIntegrity(token, mediumIntegrity); err != nil {
		err = tokenFault("set its integrity", err)
	}
	if err != nil {
		s.close(token)
		return 0, err
	}
	return token, nil
}

func tokenFault(call string, err error) error {
	return &StepError{refusal.RestrictedToken, call, err}
}
