package suspended

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/lockstile/lockstile/refusal"
)

// Desktop is an invisible desktop on a window station other than the user's. There a
// command can open windows, and can send keys only to its own windows. The system removes
// the desktop with the last handle and the last process there.
type Desktop struct {
	sys             system
	station, handle Handle
	name            string
}

// stationSwitch is held while our process is on another window station to make a desktop:
// a process made meanwhile would begin there.
var stationSwitch sync.RWMutex

func newDesktop(s system, sddl string) (*Desktop, error) {
	d := &Desktop{sys: s}
	if err := d.make(sddl); err != nil {
		d.Close()
		return nil, &StepError{refusal.Desktop, "make a desktop", err}
	}
	return d, nil
}

// Name is STATION\DESKTOP, in the form of STARTUPINFO.
func (d *Desktop) Name() string { return d.name }

// Close closes our handles.
func (d *Desktop) Close() {
	if d.handle != 0 {
		d.sys.closeDesktop(d.handle)
	}
	if d.station != 0 {
		d.sys.closeStation(d.station)
	}
	d.handle, d.station = 0, 0
}

func (d *Desktop) make(sddl string) (err error) {
	stationSwitch.Lock()
	defer stationSwitch.Unlock()
	if d.station, err = d.sys.createStation(); err != nil {
		return err
	}
	if err := d.sys.openStation(d.station); err != nil {
		return err
	}
	station, err := d.sys.objectName(d.station)
	if err == nil && station == "" {
		err = errors.New("the window station has no name")
	}
	if err != nil {
		return err
	}
	before, err := d.sys.processStation()
	if err == nil && before == 0 {
		err = errors.New("our process has no window station")
	}
	if err != nil {
		return err
	}
	own := "lockstile-" + rand.Text()
	if err = d.moveTo(d.station); err == nil {
		d.handle, err = d.sys.createDesktop(own, sddl)
	}
	if back := d.moveTo(before); back != nil {
		err = errors.Join(err, fmt.Errorf("go back: %w", back))
	}
	if err != nil {
		return err
	}
	d.name = station + `\` + own
	is, err := d.sys.objectName(d.handle)
	if err == nil && is != own {
		err = fmt.Errorf("%s was made, and %q is there", own, is)
	}
	return err
}

// moveTo makes a station the station of our process.
func (d *Desktop) moveTo(station Handle) error {
	if err := d.sys.setProcessStation(station); err != nil {
		return err
	}
	now, err := d.sys.processStation()
	if err == nil && now != station {
		err = errors.New("the process stays on the other window station")
	}
	return err
}
