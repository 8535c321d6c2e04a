// Package pcaps gets packets in: it reads capture files of every common format, filters
// them as tcpdump does, and decodes what they hold into TCP segments.
package pcaps

// Frame is one captured frame. Data is valid until the next frame is read.
type Frame struct {
	Time      int64  // capture time, nanoseconds since 1970-01-01 UTC
	Number    uint64 // in its file, from 1
	File      int32  // which of the inputs, from 0
	Interface int32  // that captured it: counted from 0 through all sections of its file
	LinkType  uint32 // LINKTYPE_ number of the pcap registry: Ethernet is 1, Linux cooked v2 is 276
	Data      []byte // what was captured of it, from the link-layer header on
	Wire      int    // length on the wire in bytes; at least len(Data)
}
