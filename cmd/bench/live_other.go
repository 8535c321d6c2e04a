//go:build !linux

package main

import (
	"errors"
	"io"
)

func (m *measurement) measureLive(*lab, io.Writer) error {
	return errors.New("captures are measured on Linux")
}
