package analyzer

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// Place is where on the way between client and server packets were captured.
type Place uint8

const (
	PlaceUnknown    Place = iota
	PlaceClient           // at the client, or on its network: no router between
	PlaceServer           // at the server, or on its network
	PlaceSame             // client and server are one host
	PlaceNetwork          // on the one network that both are on; at which, nothing tells
	PlaceNearClient       // routers on both sides, most of the way is to the server
	PlaceNearServer       // routers on both sides, most of the way is to the client
	PlaceBetween          // routers on both sides
	PlaceHost             // at a host that is the server of some flows and the client of others
)

func (p Place) String() string {
	return [...]string{"unknown", "client", "server", "same-host", "network", "near-client", "near-server", "between", "host"}[p]
}

// Vantage is where a capture was taken, by the TTL of both ends, by how the time of the handshake splits, and by whose
// retransmissions passed. The zero value is: nothing tells.
type Vantage struct {
	Place      Place
	Host       netip.Addr // at which it was taken, where that is one
	Confidence Confidence // at best Likely: a TTL can be set, and a port of a switch mirrored
	Taken      string     // where, as the beginning of a sentence: "Taken at the host 10.0.8.20"
	Why        string     // by what; no capital, no period
	Flows      uint64     // that say so
	Handshakes uint64     // that Why has the median of; 0: it has none

	// What the two halves of a handshake therefore measure.
	SYNToSYNACK, SYNACKToACK string
}

// Sentence is where the capture was taken and by what that is known; "" where nothing tells.
func (v *Vantage) Sentence() string {
	if v.Place == PlaceUnknown {
		return ""
	}
	return v.Taken + ": " + v.Why + "."
}

// atServer reports whether what passed here had no router to pass any more on its way to the server.
func (p Place) atServer() bool { return p == PlaceServer || p == PlaceSame }

// hops are what tells of the way between two ends and the point of capture.
type hops struct {
	flows      uint64 // of which both ends sent something
	clientHere uint64 // without a router between the client and here
	serverHere uint64
	same       uint64 // both ends have one address, or are of the loopback network
	clientTTL  vote
	serverTTL  vote
	again      [2]uint64 // data that passed twice, by the flows.Side that sent it
}

func (h *hops) add(f *flows.Flow) {
	c, s := f.Client(), f.Server()
	if c.TTL == 0 || s.TTL == 0 {
		return
	}
	h.flows++
	h.clientTTL.add(vote{c.TTL, 1})
	h.serverTTL.add(vote{s.TTL, 1})
	if initialTTL(c.TTL) {
		h.clientHere++
	}
	if initialTTL(s.TTL) {
		h.serverHere++
	}
	if a, b := c.Addr.Addr(), s.Addr.Addr(); a == b || a.IsLoopback() && b.IsLoopback() {
		h.same++
	}
	h.again[flows.Client] += uint64(c.Retransmissions.Data)
	h.again[flows.Server] += uint64(s.Retransmissions.Data)
}

func (h *hops) merge(o *hops) {
	h.flows += o.flows
	h.clientTTL.add(o.clientTTL)
	h.serverTTL.add(o.serverTTL)
	h.again[flows.Client] += o.again[flows.Client]
	h.again[flows.Server] += o.again[flows.Server]
}

// vote finds the TTL that most flows have, by Boyer and Moore's majority vote.
type vote struct {
	ttl  uint8
	lead uint64 // over all others together, at least
}

func (v *vote) add(o vote) {
	switch {
	case v.ttl == o.ttl:
		v.lead += o.lead
	case v.lead >= o.lead:
		v.lead -= o.lead
	default:
		*v = vote{o.ttl, o.lead - v.lead}
	}
}

// words are the TTL of nearly all flows, which is eight tenths of them ahead where it is that of nine, or another's in its place.
func (v vote) words(all uint64, another string) string {
	if 10*v.lead >= 8*all {
		return fmt.Sprintf("TTL %d", v.ttl)
	}
	return another
}

// initialTTL reports whether systems send with this TTL, so that no router has lowered it.
func initialTTL(ttl uint8) bool { return ttl == 64 || ttl == 128 || ttl == 255 }

// mostly reports whether n is at least nine tenths of all.
func mostly(n, all uint64) bool { return all > 0 && 10*n >= 9*all }

// place is where the packets of s were captured.
func (s *Server) place() (Place, Confidence) {
	h := &s.hops
	if h.flows == 0 {
		return PlaceUnknown, Possible
	}
	if mostly(h.same, h.flows) {
		return PlaceSame, Likely
	}
	client, server := mostly(h.clientHere, h.flows), mostly(h.serverHere, h.flows)
	half, whole := s.SYNToSYNACK.Median(), s.Handshake.Median()
	if whole == 0 {
		half, whole = 1, 2 // nothing was timed
	}
	// Where the split of the time speaks against the TTL, a proxy or a NAT on the way may have set that.
	sure := Likely
	switch {
	case server && !client:
		if half > whole/2 {
			sure = Possible
		}
		return PlaceServer, sure
	case client && !server:
		if half < whole/2 {
			sure = Possible
		}
		return PlaceClient, sure
	case client && half < whole/3:
		return PlaceServer, Possible
	case client && half > whole-whole/3:
		return PlaceClient, Possible
	case client:
		return PlaceNetwork, Possible
	case half < whole/4:
		return PlaceNearServer, Likely
	case half > whole-whole/4:
		return PlaceNearClient, Likely
	}
	return PlaceBetween, Likely
}

// Vantage is where the packets of s were captured.
func (s *Server) Vantage() Vantage {
	var v Vantage
	v.Place, v.Confidence = s.place()
	v.Flows = s.hops.flows
	if v.Place == PlaceSame || v.Place == PlaceServer {
		v.Host = s.Addr.Addr()
	}
	v.Why = s.why(v.Place, &s.hops)
	switch v.Place {
	case PlaceServer, PlaceClient, PlaceNearServer, PlaceNearClient:
		v.Handshakes = s.Handshake.N
	}
	v.measures()
	v.Taken = v.taken()
	return v
}

// why says by what the place is known: the times are of s, the TTLs of h, which may be those of other servers, too.
func (s *Server) why(p Place, h *hops) (why string) {
	half, whole := s.SYNToSYNACK.Median(), s.Handshake.Median()
	split := func(verb string, part time.Duration) string {
		if whole == 0 {
			return ""
		}
		return fmt.Sprintf(" and %s in %s of a %s handshake", verb, span.String(part), span.String(whole))
	}
	answers, acks := split("answers SYN", half), split("acknowledges SYN-ACK", whole-half)
	ttls := fmt.Sprintf("packets of the client come with %s, those of the server with %s",
		h.clientTTL.words(h.flows, "various TTLs"), h.serverTTL.words(h.flows, "various TTLs"))
	switch p {
	case PlaceSame:
		why = "client and server are the same host"
	case PlaceServer:
		why = "it sends with " + h.serverTTL.words(h.flows, "an initial TTL") + answers
	case PlaceClient:
		why = "it sends with " + h.clientTTL.words(h.flows, "an initial TTL") + acks
	case PlaceNetwork:
		why = ttls + ", so no router lies between them"
	case PlaceNearServer:
		why = ttls + ", and the server" + strings.TrimPrefix(answers, " and")
	case PlaceNearClient:
		why = ttls + ", and the client" + strings.TrimPrefix(acks, " and")
	case PlaceBetween:
		why = ttls
	}
	return why + h.repeats(p)
}

// repeats tells whose repeated data passed, where that fits the place: what was lost beyond this point passes
// twice, what was lost before it once.
func (h *hops) repeats(p Place) string {
	c, s := h.again[flows.Client], h.again[flows.Server]
	switch {
	case p == PlaceClient && c >= 10 && c >= 10*s:
		return fmt.Sprintf("; what it sends again has passed before (%s, of the server %d)", of(c, "segment", "segments"), s)
	case p == PlaceServer && s >= 10 && s >= 10*c:
		return fmt.Sprintf("; what it sends again has passed before (%s, of the client %d)", of(s, "segment", "segments"), c)
	}
	return ""
}

func (v *Vantage) taken() string {
	switch v.Place {
	case PlaceClient, PlaceServer, PlaceHost:
		if v.Host.IsValid() {
			return "Taken at the host " + v.Host.String()
		}
		return "Taken at the " + v.Place.String()
	case PlaceSame:
		return "Taken at the host that is both client and server"
	case PlaceNetwork:
		return "Taken on the network of client and server"
	case PlaceNearClient:
		return "Taken on the way, near the client"
	case PlaceNearServer:
		return "Taken on the way, near the server"
	case PlaceBetween:
		return "Taken on the way between client and server"
	}
	return ""
}

// measures says what each half of the handshake is the time of.
func (v *Vantage) measures() {
	const toServer, toClient = "the way from here to the server and back, and the server itself", "the way from here to the client and back, and the client itself"
	v.SYNToSYNACK, v.SYNACKToACK = toServer, toClient
	switch v.Place {
	case PlaceUnknown:
		v.SYNToSYNACK, v.SYNACKToACK = "", ""
	case PlaceSame:
		v.SYNToSYNACK, v.SYNACKToACK = "the host itself, as server", "the host itself, as client"
	case PlaceServer:
		v.SYNToSYNACK, v.SYNACKToACK = "the server itself", "the whole way to the client and back, and the client itself"
	case PlaceHost:
		v.SYNToSYNACK = "the host itself, of connections to it; the whole way to the server and back, of its own"
		v.SYNACKToACK = "the whole way to the client and back, of connections to it; the host itself, of its own"
	case PlaceClient:
		v.SYNToSYNACK, v.SYNACKToACK = "the whole way to the server and back, and the server itself", "the client itself"
	}
}

// vantage is where the capture as a whole was taken: the place of most flows, if nearly all of them agree. A
// host is named if all of them have it as the same end, or each as one or the other.
func vantage(servers []*Server, hosts []*Host) Vantage {
	var all uint64
	at := map[netip.Addr]uint64{} // flows that seem to be captured at an address
	most := map[Place]Vantage{}   // of the busiest server
	busiest := map[Place]*Server{}
	var ways [PlaceHost + 1]hops
	for _, s := range servers {
		v := s.Vantage()
		if v.Place == PlaceUnknown {
			continue
		}
		all += v.Flows
		ways[v.Place].merge(&s.hops)
		if v.Place == PlaceServer {
			at[v.Host] += v.Flows
		}
		was, seen := most[v.Place]
		switch {
		case !seen:
			most[v.Place], busiest[v.Place] = v, s
		case was.Host != v.Host:
			was.Host = netip.Addr{}
			most[v.Place] = was
		}
	}
	for p := range ways {
		if !mostly(ways[p].flows, all) {
			continue
		}
		v := most[Place(p)]
		v.Flows = ways[p].flows
		v.Why = busiest[v.Place].why(v.Place, &ways[p])
		if v.Place == PlaceClient {
			v.Host = oneClient(hosts)
		}
		v.Taken = v.taken()
		return v
	}
	for _, h := range hosts {
		at[h.Addr] += h.here
	}
	for host, n := range at {
		if mostly(n, all) { // of one at most
			v := Vantage{Place: PlaceHost, Host: host, Confidence: Likely, Flows: n, Why: "with an initial TTL it alone sends, as server and as client"}
			v.measures()
			v.Taken = v.taken()
			return v
		}
	}
	return Vantage{}
}

// oneClient is the address that nearly all flows come from, if there is one.
func oneClient(hosts []*Host) netip.Addr {
	var all uint64
	for _, h := range hosts {
		all += h.Flows
	}
	for _, h := range hosts {
		if mostly(h.Flows, all) {
			return h.Addr
		}
	}
	return netip.Addr{}
}
