// Package metric is the language in which users say what flows, and captures, must be like: "connect > 1s",
// "refused > 5%", "handshake.p99 > 50ms". It chooses flows (--where), sets limits (--fail-on), and stands in
// expectations.
//
// A condition is of one flow ("connect > 1s", "half-open") or of all flows together: how many show something
// ("refused > 5%"), or a statistic ("handshake.p99 > 50ms"). What was not measured is neither above nor below
// anything: conditions are true, false or unknown, and unknown is never taken for either.
package metric
