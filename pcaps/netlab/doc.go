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
// judge.go turns these into lists of states in the analyzer's terms. The lists are kept beside the
// captures (Truth, ReadTruth), so that the analyzer can be held against them where nobody is root;
// where somebody is, every scenario is played anew, captured by the program's own live capture, and
// held against what the kernels did in that very run.
//
// # What no packet can show
//
// These events are in no list, and nothing else is left out:
//
//   - CLOSED > LISTEN and LISTEN > CLOSED of a listener, which belong to no connection. LISTEN is where
//     the list of an end begins that was opened passively.
//   - A state entered from itself: close() after shutdown().
//   - The end of a full socket in FIN_WAIT_2 or CLOSING that a time-wait socket goes on for: the
//     tracepoint says CLOSED, the connection is in FIN_WAIT_2 or TIME_WAIT.
//   - CLOSED by time alone: of SYN_SENT and of a request in SYN_RCVD when the retries have run out, of
//     ESTABLISHED by TCP_USER_TIMEOUT or tcp_retries2, of FIN_WAIT_1 and LAST_ACK when an orphan's retries
//     have, of FIN_WAIT_2 by tcp_fin_timeout, of TIME_WAIT after 2 MSL. (A keep-alive that
//     gives up sends a RST, and is in the list.)
//   - CLOSED by a call that sends nothing: close() in SYN_SENT, SO_LINGER 0 in LAST_ACK and CLOSING, and
//     the loss of power that TCP_REPAIR plays.
//
// The last two are noted (FlowTruth.Unseen), and are in the list after all where that end shows them: by
// a RST from no socket to what comes later.
//
// Beside these, a list is other than the kernel's at one point of capture where what tells did not pass
// there, or passed and could mean either. A scenario names each such end, and why (View): a segment that
// was lost before this point or forged beyond it, one that was lost, or not, after it with nothing to tell
// which, what passed before the capture began, and a FIN that waits for a window that never opens.
package netlab
