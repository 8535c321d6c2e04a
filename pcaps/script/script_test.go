package script

import "testing"

const example = `
// Two flows, one of them in IPv6.
flow b v6 vlan 5,7 iss 1000,2000
+0       >  S    0:0(0)      win 64240  <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>
+20ms    <  S.   0:0(0)      ack 1 win 65535 <mss 1460,sackOK,TS val 7 ecr 100,nop,wscale 7>
+10us    copy ttl 63
+1ms     >  .    1:1(0)      ack 1 <nop,nop,TS val 120 ecr 7>
+0.5     >  P.   1:101(100)  ack 1 urg 7
+1ms     <  .    1:1(0)      ack 1 <nop,nop,sack 51:101 20:40> id same
12.5s    b> SEWe 5000:5100(100) <tfo 0011aabbccddeeff,eol> snap 60
+0       b> S    5000:5000(0) <tfo> badsum
+1ms     icmp b< frag 1400 from 2001:db8::99 quote 40 quoting b> S 0:0(0)
+1ms     icmp < unreach port quoting > S 0:0(0) # comment
+1ms     >  -    =7:=7(0)    ack =9 doff 15
-1ms     <  R    -5:-5(0)    <raw 1e0408>
`

func TestRoundTrip(t *testing.T) {
	s, err := Parse(example, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + s.String())
	again, err := Parse(s.String(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := again.String(), s.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
