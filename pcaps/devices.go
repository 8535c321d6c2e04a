package pcaps

import (
	"net"
	"net/netip"
	"runtime"
)

// Device is an interface of this machine.
type Device struct {
	Name      string
	Addresses []netip.Prefix
	Up        bool
	Err       error // why it cannot be captured on; nil: it can
}

// Devices are the interfaces of this machine, AnyInterface after them where there is such a thing. To find out whether they can be
// captured on, each is opened for a moment.
func Devices() ([]Device, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var list []Device
	for _, i := range all {
		d := Device{Name: i.Name, Up: i.Flags&net.FlagUp != 0, Err: mayCapture(i.Name)}
		addresses, err := i.Addrs()
		if err != nil {
			return nil, err
		}
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok {
				if ip, ok := netip.AddrFromSlice(n.IP); ok {
					bits, _ := n.Mask.Size()
					d.Addresses = append(d.Addresses, netip.PrefixFrom(ip.Unmap(), bits))
				}
			}
		}
		list = append(list, d)
	}
	if runtime.GOOS == "linux" {
		list = append(list, Device{Name: AnyInterface, Up: true, Err: mayCapture(AnyInterface)})
	}
	return list, nil
}
