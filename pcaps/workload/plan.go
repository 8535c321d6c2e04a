package workload

import (
	"time"

	"tcpwhy/flows"
)

// Plan is what is true of a connection. In JSON it has the keys that a row of "tcpwhy flows -o jsonl" has, and
// can be compared with what is read of one.
type Plan struct {
	Kind            string    `json:"kind,omitempty"` // what it is there for; no row has it
	Client          string    `json:"client"`
	Server          string    `json:"server"`
	First           time.Time `json:"first"`
	Last            time.Time `json:"last"`
	Packets         PerEnd    `json:"packets"`
	PayloadBytes    PerEnd    `json:"payload_bytes"`
	Retransmissions struct {
		Client Retransmissions `json:"client"`
		Server Retransmissions `json:"server"`
	} `json:"retransmissions"`
	Opening Opening `json:"opening"`
	Closing Closing `json:"closing"`
}

// PerEnd is a count for each end of a connection.
type PerEnd struct {
	Client uint64 `json:"client"`
	Server uint64 `json:"server"`
}

// Retransmissions are what one end sent again.
type Retransmissions struct {
	Data uint64 `json:"data"`
	FIN  uint64 `json:"fin"`
}

// Opening is how it began; the words are those of flows.OpeningOutcome.
type Opening struct {
	Outcome string        `json:"outcome"`
	Connect time.Duration `json:"connect_ns"`
	SYNs    int           `json:"syn_sent"`
	SYNACKs int           `json:"syn_ack_sent"`
}

// Closing is how it ended; the words are those of flows.ClosingOutcome and flows.Closer.
type Closing struct {
	Outcome string `json:"outcome"`
	First   string `json:"first"`
	ResetBy string `json:"reset_by"`
}

// count adds a packet that one end sent.
func (p *Plan) count(out *packet, from int) {
	p.Last = time.Unix(0, out.at).UTC()
	if p.First.IsZero() {
		p.First = p.Last
	}
	switch out.flags & (flows.SYN | flows.ACK) {
	case flows.SYN:
		p.Opening.SYNs++
	case flows.SYN | flows.ACK:
		p.Opening.SYNACKs++
	}
	if from == client {
		p.Packets.Client++
		p.PayloadBytes.Client += uint64(out.length)
	} else {
		p.Packets.Server++
		p.PayloadBytes.Server += uint64(out.length)
	}
}
