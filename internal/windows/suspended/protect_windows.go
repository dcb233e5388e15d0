package suspended

import (
	"runtime"

	"golang.org/x/sys/windows"
)

// OpenTo gives a user, by SID, and the system access to this process and to its objects,
// and to nobody else: not to other processes of the same account.
func OpenTo(owner string) error {
	sddl := "D:P(A;;GA;;;SY)(A;;GA;;;" + owner + ")"
	sd, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		return &StepError{"", "read " + sddl, err}
	}
	dacl, _, err := sd.DACL()
	if err != nil {
		return &StepError{"", "read " + sddl, err}
	}
	err = windows.SetSecurityInfo(windows.CurrentProcess(), windows.SE_KERNEL_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, dacl, nil)
	runtime.KeepAlive(sd)
	if err != nil {
		return &StepError{"", "SetSecurityInfo", err}
	}
	var own windows.Token
	if err := windows.OpenProcessToken(windows.CurrentProcess(), windows.TOKEN_ADJUST_DEFAULT|windows.TOKEN_QUERY, &own); err != nil {
		return &StepError{"", "OpenProcessToken", err}
	}
	defer own.Close()
	if err := (platform{}).setDefaultDACL(Handle(own), sddl); err != nil {
		return &StepError{"", "set the default list", err}
	}
	return nil
}
