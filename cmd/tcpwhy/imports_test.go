package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestImports: the folders lead to each other as the package comments say, and the program has nothing that talks to a network.
func TestImports(t *testing.T) {
	for _, x := range []struct{ of, never string }{
		{"tcpwhy/flows", `^(tcpwhy|github\.com|golang\.org|go\.yaml)`},
		{"tcpwhy/analyzer", `gopacket|^tcpwhy/(pcaps|cmd)`},
		{"tcpwhy/pcaps", `^tcpwhy/(analyzer|cmd)`},
		{"tcpwhy/cmd/tcpwhy", `^(net/http|net/rpc|net/smtp|crypto/tls)$`},
	} {
		out, err := exec.Command("go", "list", "-deps", x.of).Output()
		if err != nil {
			t.Fatal(err)
		}
		never := regexp.MustCompile(x.never)
		for p := range strings.FieldsSeq(string(out)) {
			if p != x.of && never.MatchString(p) {
				t.Errorf("%s leads to %s", x.of, p)
			}
		}
	}
}
