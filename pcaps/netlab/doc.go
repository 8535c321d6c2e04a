// Package netlab makes TCP connections between real kernels and writes down what they went
// through: it is the judge of every state that the analyzer names. Tests alone use it.
//
// A scenario runs in two network namespaces of its own, client and server, each with one TAP
// interface. What lies between the two interfaces is the wire: a few goroutines that carry
// frames from one to the other after a delay, and that lose, hold back, repeat or forge the
// segments that the scenario chose. Both interfaces are captured (AF_PACKET, nanoseconds), so
// that a capture holds what passed its own end, lost later or not. The namespaces have no name
// and live as long as the threads that made them: nothing is left behind, however the test ends.
//
// What the kernels did is taken from three sources, none of them a packet:
//
//   - sock:inet_sock_set_state and tcp:tcp_send_reset, each with the kernel stack that led to
//     it, through a trace instance of our own;
//   - a look at the socket by its four-tuple (sock_diag) before and after each frame that the
//     wire delivers and every few milliseconds: it alone shows request sockets (SYN_RCVD) and
//     time-wait sockets (TIME_WAIT, FIN_WAIT_2), which the tracepoint does not know, and how
//     much was left of their timers;
//   - the clock of both is the clock of the capture.
//
// judge.go turns these into lists of states in the analyzer's terms and says what no packet can
// show. The lists are kept beside the captures (Truth, ReadTruth), so that the analyzer can be
// held against them where nobody is root.
package netlab
