//go:build unix

package main

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"tcpwhy/analyzer/report"
)

// account is a user as the system calls take it.
type account struct {
	uid, gid int
	groups   []int
}

func lookUp(name string) (a account, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		return a, fmt.Errorf("-Z %s: no such user", report.Plain(name))
	}
	ids, err := u.GroupIds()
	if err != nil {
		return a, fmt.Errorf("-Z %s: its groups cannot be found: %w", report.Plain(name), err)
	}
	for _, id := range append([]string{u.Uid, u.Gid}, ids...) {
		n, err := strconv.Atoi(id)
		if err != nil {
			return a, fmt.Errorf("-Z %s: %w", report.Plain(name), err)
		}
		a.groups = append(a.groups, n)
	}
	a.uid, a.gid, a.groups = a.groups[0], a.groups[1], a.groups[2:]
	return a, nil
}

// mayBecome reports why the program cannot go on as that user.
func mayBecome(name string) error {
	a, err := lookUp(name)
	if err != nil {
		return &failure{statusUsage, err}
	}
	if os.Geteuid() != 0 && os.Geteuid() != a.uid {
		return usage("-Z %s: only root can become another user", report.Plain(name))
	}
	return nil
}

// become makes the whole process, for good, one of that user's.
func become(name string) error {
	a, err := lookUp(name)
	if err != nil {
		return err
	}
	if os.Geteuid() == a.uid && os.Getuid() == a.uid {
		return nil
	}
	// The user last: who is not root may change nothing more.
	err = syscall.Setgroups(a.groups)
	if err == nil {
		err = syscall.Setgid(a.gid)
	}
	if err == nil {
		err = syscall.Setuid(a.uid)
	}
	if err != nil {
		return fmt.Errorf("-Z %s: %w", report.Plain(name), err)
	}
	return nil
}
