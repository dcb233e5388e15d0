package suspended

import (
	"os"

	"golang.org/x/sys/windows"
)

func (platform) createConsole(size Size, in, out *os.File) (Handle, error) {
	var h windows.Handle
	err := windows.CreatePseudoConsole(coord(size), windows.Handle(in.Fd()), windows.Handle(out.Fd()), 0, &h)
	return Handle(h), os.NewSyscallError("CreatePseudoConsole", err)
}

func coord(s Size) windows.Coord {
	return windows.Coord{X: int16(min(max(s.Cols, 1), 1<<15-1)), Y: int16(min(max(s.Rows, 1), 1<<15-1))}
}

func (platform) resizeConsole(h Handle, size Size) error {
	return os.NewSyscallError("ResizePseudoConsole", windows.ResizePseudoConsole(windows.Handle(h), coord(size)))
}

func (platform) closeConsole(h Handle) { windows.ClosePseudoConsole(windows.Handle(h)) }
