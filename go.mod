module tcpwhy

go 1.26
