package pcaps

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tcpwhy/pcaps/netlab"
)

// tunnelled is a way from one namespace to another that is joined to it by v0. The hosts are 10.9.0.1 and 10.9.0.2,
// fd09::1 and fd09::2 on v0, and 10.8.0.1 and 10.8.0.2, fd08::1 and fd08::2 within.
type tunnelled struct {
	name string
	// commands of ip(8), or bridge(8), nft(8) and sysctl by their first word, on either host. They make t0 unless
	// inner says otherwise; %d is the host's number, %p the other one's.
	commands []string
	server   string   // that the client connects to
	capture  []string // of tcpdump; nil: v0
	tunnel   string   // as Space has it
	vlans    []uint16
}

var ofKernels = []tunnelled{
	{name: "vxlan", tunnel: "vxlan/42", server: "10.8.0.2",
		commands: []string{"link add t0 type vxlan id 42 local 10.9.0.%d remote 10.9.0.%p dstport 4789 dev v0"}},
	{name: "vxlan, IPv6 in it", tunnel: "vxlan/42", server: "fd08::2",
		commands: []string{"link add t0 type vxlan id 42 local 10.9.0.%d remote 10.9.0.%p dstport 4789 dev v0"}},
	{name: "vxlan over IPv6", tunnel: "vxlan/43", server: "10.8.0.2",
		commands: []string{"link add t0 type vxlan id 43 local fd09::%d remote fd09::%p dstport 8472 dev v0"}},
	{name: "vxlan in vxlan", tunnel: "vxlan/42 > vxlan/7", server: "10.8.0.2", commands: []string{
		"link add u0 type vxlan id 42 local 10.9.0.%d remote 10.9.0.%p dstport 4789 dev v0", "addr add 10.7.0.%d/24 dev u0", "link set u0 up",
		"link add t0 type vxlan id 7 local 10.7.0.%d remote 10.7.0.%p dstport 4789 dev u0"}},
	{name: "geneve", tunnel: "geneve/42", server: "10.8.0.2", commands: []string{"link add t0 type geneve id 42 remote 10.9.0.%p"}},
	{name: "gre", tunnel: "gre", server: "10.8.0.2", commands: []string{"link add t0 type gre local 10.9.0.%d remote 10.9.0.%p"}},
	{name: "gre, key, checksum, sequence number", tunnel: "gre/7", server: "10.8.0.2",
		commands: []string{"link add t0 type gre local 10.9.0.%d remote 10.9.0.%p key 7 csum seq"}},
	{name: "gre of Ethernet", tunnel: "gre/7", server: "10.8.0.2", commands: []string{"link add t0 type gretap local 10.9.0.%d remote 10.9.0.%p key 7"}},
	{name: "gre over IPv6", tunnel: "gre", server: "fd08::2", commands: []string{"link add t0 type ip6gre local fd09::%d remote fd09::%p"}},
	{name: "erspan I", tunnel: "erspan", server: "10.8.0.2", commands: []string{"link add t0 type erspan local 10.9.0.%d remote 10.9.0.%p erspan_ver 0"}},
	{name: "erspan II", tunnel: "erspan/5", server: "10.8.0.2",
		commands: []string{"link add t0 type erspan local 10.9.0.%d remote 10.9.0.%p seq key 5 erspan_ver 1 erspan 9"}},
	{name: "erspan III", tunnel: "erspan/5", server: "10.8.0.2",
		commands: []string{"link add t0 type erspan local 10.9.0.%d remote 10.9.0.%p seq key 5 erspan_ver 2 erspan_dir ingress erspan_hwid 1"}},
	{name: "ipip", tunnel: "ipip", server: "10.8.0.2", commands: []string{"link add t0 type ipip local 10.9.0.%d remote 10.9.0.%p"}},
	{name: "sit", tunnel: "6in4", server: "fd08::2", commands: []string{"link add t0 type sit local 10.9.0.%d remote 10.9.0.%p"}},
	{name: "4in6", tunnel: "4in6", server: "10.8.0.2", commands: []string{"link add t0 type ip6tnl mode ipip6 local fd09::%d remote fd09::%p"}},
	{name: "6in6", tunnel: "6in6", server: "fd08::2", commands: []string{"link add t0 type ip6tnl mode ip6ip6 local fd09::%d remote fd09::%p encaplimit none"}},
	{name: "6in6, tunnel encapsulation limit", tunnel: "6in6", server: "fd08::2",
		commands: []string{"link add t0 type ip6tnl mode ip6ip6 local fd09::%d remote fd09::%p"}},
	{name: "fou", tunnel: "gue", server: "10.8.0.2", commands: []string{"fou add port 6080 gue",
		"link add t0 type ipip local 10.9.0.%d remote 10.9.0.%p encap gue encap-sport auto encap-dport 6080"}},
	{name: "mpls in UDP", tunnel: "mpls", server: "10.8.0.2", commands: []string{"link add t0 type bareudp dstport 6635 ethertype mpls_uc"}},
	{name: "l2tp", tunnel: "l2tp", server: "10.8.0.2", commands: []string{
		"l2tp add tunnel tunnel_id 1 peer_tunnel_id 1 encap udp local 10.9.0.%d remote 10.9.0.%p udp_sport 1701 udp_dport 1701",
		"l2tp add session name t0 tunnel_id 1 session_id 1 peer_session_id 1"}},
	{name: "ah", server: "10.9.0.2", commands: []string{
		"xfrm state add src 10.9.0.%d dst 10.9.0.%p proto ah spi 1 mode transport auth hmac(sha1) 0x0102030405060708090a0b0c0d0e0f1011121314",
		"xfrm state add src 10.9.0.%p dst 10.9.0.%d proto ah spi 1 mode transport auth hmac(sha1) 0x0102030405060708090a0b0c0d0e0f1011121314",
		"xfrm policy add src 10.9.0.%d dst 10.9.0.%p dir out tmpl src 10.9.0.%d dst 10.9.0.%p proto ah spi 1 mode transport"}},
	{name: "802.1Q", server: "10.8.0.2", vlans: []uint16{7}, commands: []string{"link add t0 link v0 type vlan id 7"}},
	{name: "802.1ad", server: "10.8.0.2", vlans: []uint16{7, 9}, commands: []string{
		"link add s0 link v0 type vlan proto 802.1ad id 7", "link set s0 up", "link add t0 link s0 type vlan id 9"}},
	{name: "bridge, 802.1Q", server: "10.8.0.2", vlans: []uint16{7}, commands: []string{
		"link add t0 type bridge vlan_filtering 1", "link set v0 master t0", "bridge vlan add dev v0 vid 7", "bridge vlan add dev t0 vid 7 self pvid untagged"}},
	{name: "bridge, 802.1ad", server: "10.8.0.2", vlans: []uint16{7}, commands: []string{
		"link add t0 type bridge vlan_filtering 1 vlan_protocol 802.1ad", "link set v0 master t0", "bridge vlan add dev v0 vid 7",
		"bridge vlan add dev t0 vid 7 self pvid untagged"}},
	{name: "macsec, not hidden", server: "10.8.0.2", commands: []string{"link add t0 link v0 type macsec encrypt off",
		"macsec add t0 tx sa 0 pn 1 on key 01 01010101010101010101010101010101"}},
	{name: "segment routing", tunnel: "6in6", server: "fd08::2", commands: []string{
		"sysctl net.ipv6.conf.all.seg6_enabled=1", "sysctl net.ipv6.conf.v0.seg6_enabled=1", "link add t0 type bridge",
		"-6 route add fd08::%p/128 encap seg6 mode encap segs fd09::%p dev v0"}},
	{name: "segment routing, header put in", server: "fd08::2", commands: []string{
		"sysctl net.ipv6.conf.all.seg6_enabled=1", "sysctl net.ipv6.conf.v0.seg6_enabled=1", "link add t0 type bridge",
		"-6 route add fd08::%p/128 encap seg6 mode inline segs fd09::%p dev v0"}},

	{name: "cooked", server: "10.9.0.2", capture: []string{"-i", "any"}},
	{name: "cooked, version 1", server: "fd09::2", capture: []string{"-i", "any", "-y", "LINUX_SLL"}},
	{name: "cooked, of a tunnel", server: "10.8.0.2", capture: []string{"-i", "any", "not", "udp"},
		commands: []string{"link add t0 type vxlan id 42 local 10.9.0.%d remote 10.9.0.%p dstport 4789 dev v0"}},
	{name: "loopback", server: "127.0.0.1", capture: []string{"-i", "lo"}},
	{name: "nflog", server: "10.9.0.2", capture: []string{"-i", "nflog:5"}, commands: []string{"nft add table inet f",
		"nft add chain inet f o { type filter hook output priority 0; }", "nft add chain inet f i { type filter hook input priority 0; }",
		"nft add rule inet f o log group 5", "nft add rule inet f i log group 5"}},
}

// TestTunnelsOfKernels: connections through what kernels make, where this one can.
func TestTunnelsOfKernels(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: to make network namespaces, and capture in them")
	}
	for _, c := range ofKernels {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := c.record(t)
			got, want := follow(t, file), tshark(t, file, "-d", "udp.port==8472,vxlan")
			if f := got.flows[1]; len(got.flows) != 1 || f.Completeness != 31 {
				t.Errorf("%d flows, %d segments in %d packets; completeness %d", len(got.flows), len(got.segments), got.packets, f.Completeness)
			}
			if differ := append(got.packetsAre(want), got.streamsAre(want)...); len(differ) > 0 {
				t.Errorf("not as tshark:\n%s", strings.Join(differ, "\n"))
			}
			for _, space := range got.spaces {
				checkSpace(t, space, Space{VLANs: c.vlans, Tunnel: c.tunnel})
			}
			got.bare(t)
		})
	}
}

// record captures a connection. It skips the test where this machine cannot make the tunnel.
func (c *tunnelled) record(t *testing.T) string {
	var hosts [2]*netlab.Namespace
	for i := range hosts {
		n, err := netlab.NewNamespace()
		if err != nil {
			t.Skip("needs network namespaces: ", err)
		}
		t.Cleanup(n.Close)
		hosts[i] = n
	}
	if err := hosts[0].Join(hosts[1], "v0"); err != nil {
		t.Fatal(err)
	}
	for i, n := range hosts {
		commands := []string{"sysctl net.ipv6.conf.v0.disable_ipv6=0", "sysctl net.ipv6.conf.default.disable_ipv6=0", "link set v0 up",
			"addr add 10.9.0.%d/24 dev v0", "addr add fd09::%d/64 dev v0 nodad"}
		base := len(commands)
		commands = append(commands, c.commands...)
		if strings.Contains(strings.Join(c.commands, "\n"), " t0 ") {
			commands = append(commands, "link set t0 up", "addr add 10.8.0.%d/24 dev t0", "addr add fd08::%d/64 dev t0 nodad")
		}
		for j, command := range commands {
			command = strings.NewReplacer("%d", fmt.Sprint(i+1), "%p", fmt.Sprint(2-i)).Replace(command)
			switch err := runIn(n, command); {
			case err != nil && j >= base && isMissing(err):
				t.Skip("this kernel cannot: ", err)
			case err != nil:
				t.Fatal(err)
			}
		}
	}
	server := hosts[1]
	if c.server == "127.0.0.1" {
		server = hosts[0]
	}
	file := filepath.Join(t.TempDir(), "capture.pcap")
	capture := c.capture
	if capture == nil {
		capture = []string{"-i", "v0"}
	}
	stop := startTcpdump(t, hosts[0], file, capture...)
	if err := converse(hosts[0], server, net.JoinHostPort(c.server, "9000")); err != nil {
		t.Error(err)
	}
	stop()
	return file
}

// runIn runs a command of ip(8) unless its first word says otherwise.
func runIn(n *netlab.Namespace, command string) (err error) {
	args := strings.Fields(command)
	switch args[0] {
	case "sysctl":
		name, value, _ := strings.Cut(args[1], "=")
		n.Do(func() { err = os.WriteFile("/proc/sys/"+strings.ReplaceAll(name, ".", "/"), []byte(value), 0) })
		return err
	case "bridge", "nft":
	default:
		args = append([]string{"ip"}, args...)
	}
	return n.Command(args[0], args[1:]...)
}

// isMissing reports whether a program says that the kernel lacks what it was to make.
func isMissing(err error) bool {
	for _, words := range []string{"Unknown device type", "not supported", "Requested type not found", "No such file or directory", "not found in"} {
		if strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}

// settle waits until a file has not grown for a while: a busy machine may not have got to it yet.
func settle(file string) {
	size, still := int64(-1), 0
	for range 100 {
		time.Sleep(50 * time.Millisecond)
		if info, err := os.Stat(file); err == nil && info.Size() == size {
			still++
		} else if err == nil {
			size, still = info.Size(), 0
		}
		if still == 8 {
			return
		}
	}
}

// startTcpdump captures into a file until the function that it returns is called.
func startTcpdump(t *testing.T, n *netlab.Namespace, file string, args ...string) (stop func()) {
	program, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("tcpdump is not installed")
	}
	// In immediate mode each packet takes a place of the ring as long as the snap length: eight of the
	// default's fill it.
	cmd := exec.Command(program, append([]string{"-Z", "root", "-U", "--immediate-mode", "-s", "4096", "-n", "-w", file}, args...)...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	n.Do(func() { err = cmd.Start() })
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if strings.Contains(lines.Text(), "listening on") {
			break
		}
	}
	if len(said) == 0 || !strings.Contains(said[len(said)-1], "listening on") {
		cmd.Wait()
		t.Skip("this machine cannot: tcpdump: ", strings.Join(said, "; "))
	}
	return func() {
		settle(file)
		cmd.Process.Signal(syscall.SIGINT)
		io.Copy(io.Discard, stderr)
		if err := cmd.Wait(); err != nil {
			t.Error("tcpdump: ", err)
		}
	}
}

// converse connects two hosts, has something said either way, and the client close.
func converse(client, server *netlab.Namespace, address string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var listener net.Listener
	server.Do(func() { listener, err = new(net.ListenConfig).Listen(ctx, "tcp", address) })
	if err != nil {
		return err
	}
	defer listener.Close()
	served := make(chan error, 1)
	go func() {
		c, err := listener.Accept()
		if err != nil {
			served <- err
			return
		}
		c.SetDeadline(time.Now().Add(time.Minute))
		_, err = io.Copy(c, c)
		served <- errors.Join(err, c.Close())
	}()
	var c net.Conn
	client.Do(func() { c, err = new(net.Dialer).DialContext(ctx, "tcp", address) })
	if err != nil {
		return err
	}
	c.SetDeadline(time.Now().Add(time.Minute))
	_, err = c.Write(make([]byte, 3000))
	if err == nil {
		_, err = io.ReadFull(c, make([]byte, 3000))
	}
	err = errors.Join(err, c.(*net.TCPConn).CloseWrite())
	return errors.Join(err, <-served, c.Close())
}
