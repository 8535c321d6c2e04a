//go:build cgo

package pcaps

import (
	"golang.org/x/sys/unix"
)

// openDevice opens an interface the way that was asked for.
func openDevice(name string, l Live, expr string) (device, error) {
	if l.Backend == BackendPcap {
		return openHandle(name, l, expr)
	}
	if l.Backend == DefaultBackend && !ringReads(name) {
		return openHandle(name, l, expr)
	}
	return openRing(name, l, expr)
}

// ringReads reports whether an interface is of a kind that needs no libpcap. One that is not there does, and
// will be complained of.
func ringReads(name string) bool {
	if name == AnyInterface {
		return true
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	_, hatype, err := lookUp(fd, name)
	if err != nil {
		return true
	}
	_, ok := kindOf(hatype)
	return ok
}

// maySee tells why an interface cannot be opened, where that can be known beforehand.
func maySee(name string) error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return asNoRight(err)
	}
	defer unix.Close(fd)
	if name == AnyInterface {
		return nil
	}
	_, _, err = lookUp(fd, name)
	return err
}

func asNoRight(err error) error {
	if err == unix.EPERM {
		return ErrNoRight
	}
	return err
}

// lookUp asks the kernel for an interface that is up: its index, and its kind (ARPHRD_). The socket, not the thread,
// says in which network namespace.
func lookUp(fd int, name string) (index int, hatype uint16, err error) {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return 0, 0, ErrNoInterface // too long for a name
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr); err != nil {
		return 0, 0, ErrNoInterface
	}
	index = int(ifr.Uint32())
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, ifr); err != nil {
		return 0, 0, err
	}
	if ifr.Uint16()&unix.IFF_UP == 0 {
		return 0, 0, ErrDown
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, ifr); err != nil {
		return 0, 0, err
	}
	return index, ifr.Uint16(), nil // the family of the address
}
