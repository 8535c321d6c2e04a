GO     ?= go
CC     ?= cc
PREFIX ?= /usr/local
BENCH_DIR ?= /var/tmp/tcpwhy-bench
FUZZTIME ?= 1000x
SAMPLE  = pcaps/testdata/demo.pcap
RELEASE = $(shell git describe --tags --always --dirty 2>/dev/null)
SUDO    = $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# The program, bin/tcpwhy.
.PHONY: build
build: bin/tcpwhy

# This list.
.PHONY: help
help:
	@awk '/^# / { words = words (words ? " " : "") substr($$0, 3); next } \
		/^\.PHONY: [^\/]*$$/ && words { sub(/\. .*/, ".", words); printf "make %-14s %s\n", $$2, words } \
		{ words = "" }' $(firstword $(MAKEFILE_LIST))

# The go command knows better than make what has changed.
.PHONY: bin/tcpwhy
bin/tcpwhy:
	$(GO) build -ldflags '-X main.release=$(RELEASE)' -o $@ ./cmd/tcpwhy

# Without cgo and libpcap: for machines that have neither. It has no filters and no live capture.
.PHONY: static
static:
	CGO_ENABLED=0 $(GO) build -ldflags '-X main.release=$(RELEASE)' -o bin/tcpwhy-static ./cmd/tcpwhy

# A sample capture, analysed.
.PHONY: demo
demo: libpcap build
	bin/tcpwhy flows $(SAMPLE)
	bin/tcpwhy -q $(SAMPLE)

# A repository of captures and what is expected of them, as its CI judges it, and what it says when a handshake breaks. The
# day is one on which the example's exception still holds.
.PHONY: example
example: static
	cd cmd/tcpwhy/testdata/example && $(CURDIR)/bin/tcpwhy-static check --expect handshakes.yaml --today 2026-06-01
	cd cmd/tcpwhy/testdata/example && \
		{ $(CURDIR)/bin/tcpwhy-static diff captures/balancer.pcap broken/balancer.pcap; test $$? = 1; }

# They capture live, and wait for it: one at a time, and beside nothing else.
LIVE = ./pcaps ./pcaps/netlab ./cmd/tcpwhy

# Everything that has to pass.
.PHONY: test
test: libpcap check
	$(GO) test -p 1 $(LIVE)
	$(GO) test $(filter-out $(LIVE:./%=tcpwhy/%),$(shell $(GO) list ./...))
	$(GO) test -race -run 'PipelineStops|PipelineTells' ./analyzer
	CGO_ENABLED=0 $(GO) test ./cmd/... ./pcaps
	$(MAKE) --no-print-directory static
	bin/tcpwhy-static flows $(SAMPLE) >/dev/null
	$(MAKE) --no-print-directory example
	$(MAKE) --no-print-directory check-samples

# What the captures that are kept here show, as it was recorded.
.PHONY: check-samples
check-samples: build
	bin/tcpwhy check --expect pcaps/testdata/samples.yaml

# What can be said of the code without running it. The tools have a module file of their own, so
# that go.mod stays the product's. On 386, an int has 32 bits.
.PHONY: check
check:
	@unformatted=$$(gofmt -l .) && [ -z "$$unformatted" ] || { echo "not as gofmt writes it:" $$unformatted; exit 1; }
	$(GO) vet ./...
	CGO_ENABLED=0 $(GO) vet ./cmd/... ./pcaps
	CGO_ENABLED=0 GOARCH=386 $(GO) vet ./...
	$(GO) tool -modfile=.ci/tools.mod staticcheck ./...

# Measures tcpwhy beside its peers, as far as they are installed, and writes a table to standard output. BENCH="-short"
# takes some minutes, everything half an hour and 5 GB in BENCH_DIR, where the captures stay.
.PHONY: bench
bench: build
	$(GO) build -o bin/bench ./cmd/bench
	mkdir -p $(BENCH_DIR)
	bin/bench -tcpwhy bin/tcpwhy -dir $(BENCH_DIR) $(BENCH)

# What it can capture on an interface, in network namespaces, beside tcpdump: a minute, as root, on Linux.
.PHONY: bench-live
bench-live: build
	$(GO) build -o bin/bench ./cmd/bench
	bin/bench -tcpwhy bin/tcpwhy live

# The parts by themselves, with allocations, compared with a run before: cp $(BENCH_DIR)/go.new $(BENCH_DIR)/go.old
.PHONY: bench-go
bench-go:
	mkdir -p $(BENCH_DIR)
	$(GO) test -run '^$$' -bench . -benchmem -count 6 ./flows ./pcaps ./analyzer/... >$(BENCH_DIR)/go.new
	$(GO) tool -modfile=.ci/tools.mod benchstat $(wildcard $(BENCH_DIR)/go.old) $(BENCH_DIR)/go.new

# All fuzz targets, each with some new inputs, or for a while: FUZZTIME=1h. Go ends some with "context deadline
# exceeded" when their time is over, so what has to pass counts.
.PHONY: fuzz
fuzz: libpcap
	@$(GO) list -f '{{.Dir}}' ./... | while read -r dir; do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(f .*/\1/p' "$$dir"/*_test.go 2>/dev/null); do \
			echo "$$target in $$dir" && \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x "$$dir" || exit 1; \
		done; \
	done

# Known weaknesses in what the program calls, its libraries included. It asks vuln.go.dev: no part of make test.
.PHONY: vulncheck
vulncheck: libpcap
	$(GO) tool -modfile=.ci/tools.mod govulncheck ./...

# Filters are compiled by libpcap, whose headers the C compiler has to find.
.PHONY: libpcap
libpcap:
	@printf '#include <pcap/pcap.h>\n' | $(CC) -E - >/dev/null 2>&1 || { \
		echo "libpcap's headers are missing: installing libpcap-dev"; \
		command -v apt-get >/dev/null || { echo "no apt-get here: install libpcap's development package, then try again"; exit 1; }; \
		$(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends libpcap-dev; }

# The program, its manual pages and completion for bash, into PREFIX.
.PHONY: install
install: build
	install -D bin/tcpwhy $(DESTDIR)$(PREFIX)/bin/tcpwhy
	mkdir -p $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	bin/tcpwhy man $(DESTDIR)$(PREFIX)/share/man/man1
	bin/tcpwhy completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/tcpwhy

# What was built is removed.
.PHONY: clean
clean:
	rm -rf bin
