# Marea from a checkout. `make` alone lists what there is.
.DEFAULT_GOAL := help
.PHONY: help run stop build cli unit test test-chart test-all sim fuzz mutants bench bench-placement e2e lint format tools images chart cluster setup clean

PRESET ?= debug
NODES ?= real,kwok
ONLY ?=
SEED ?= 1
REPLICAS ?= 1
FUZZ_SECONDS ?= 300
KEEP ?=
export MAREA_NODES := $(NODES)
export MAREA_ONLY := $(ONLY)
export MAREA_KEEP := $(KEEP)
# Objects are shared between checkouts of the same sources.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1

run: ## a platform on this machine: cluster, operator, one session; prints its URL
	@command -v python3 >/dev/null || e2e/setup
	@e2e/platform/platform up

stop: ## ends all that `make run` started, and nothing else
	@e2e/platform/platform down

build: setup ## the operator: build/$PRESET/marea
	@cmake --preset $(PRESET) >/dev/null && ninja -C build/$(PRESET)

cli: setup ## kubectl marea: build/release/cli/kubectl-marea, to be put on the PATH
	@cmake --preset release >/dev/null && ninja -C build/release kubectl-marea

unit: setup ## unit tests, debug build: the typing loop
	@e2e/report unit

test: ## everything CI checks; the last line is `N passed, N failed`
	@e2e/setup || { echo '0 passed, 1 failed'; exit 1; }
	@e2e/report unit asan tsan sim fuzz checks lint e2e

test-chart: setup ## the operator's image and its Helm chart: installed, upgraded, rolled back, taken away
	@e2e/report chart

test-all: ## what CI checks, and the long suites
	@e2e/setup || { echo '0 passed, 1 failed'; exit 1; }
	@e2e/report unit asan tsan sim fuzz checks lint e2e chart

sim: setup ## plays one simulated run and prints its event log: SEED, or SEED SCENARIO FAULT REPLICAS LAG
	@{ cmake --preset sim && ninja -C build/sim simulate; } >&2
	@build/sim/simulate --seed '$(SEED)' --scenario '$(SCENARIO)' --fault '$(FAULT)' --replicas '$(REPLICAS)' --lag '$(LAG)'

fuzz: setup ## a long search of every fuzz target, FUZZ_SECONDS each; ONLY=watch picks
	@e2e/fuzz --seconds $(FUZZ_SECONDS) $(ONLY)

mutants: setup ## seeds defects one at a time, the tests must notice; ONLY=fence-open picks
	@e2e/mutants/run $(ONLY)

bench: setup tools ## measures the operator against a raw client; writes the table of docs/benchmarks.md
	@bench/bench

bench-placement: setup ## measures placement by itself: a pass, an arrival, Kueue's trace in virtual time; prints its table
	@{ cmake --preset release >/dev/null && ninja -C build/release placement_bench; } >&2
	@build/release/placement_bench

e2e: setup ## end-to-end suites on a cluster of their own; ONLY=test_life picks
	@e2e/report e2e

lint: setup ## format, clang-tidy, import direction, CRDs, chart, plain text
	@e2e/report checks lint

format: setup ## lays the C++ out as clang-format does
	@lint/run --fix layout

tools: setup ## the pinned Kubernetes programs, built into the cache; prints where
	@e2e/tools/build

images: setup ## the notebook image, built into the cache
	@images/build

chart: setup ## build/install.yaml, build/crds.yaml and the packaged chart, from charts/marea
	@charts/build

cluster: setup tools ## a bare cluster named `marea`, without the operator
	@e2e/cluster/cluster up --nodes $(NODES)

setup: ## Debian packages and the Python environment; only what is missing
	@e2e/setup

clean: ## removes build/; the cache (tools, images) stays
	@rm -rf build

help: ## this list
	@echo 'make TARGET, where TARGET is'
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /\1|/p' $(firstword $(MAKEFILE_LIST)) | while IFS='|' read -r target what; do printf '  %-10s %s\n' "$$target" "$$what"; done
	@echo 'Settings (make TARGET NAME=value, or the environment)'
	@echo '  PRESET=debug       build: debug, asan, tsan or release'
	@echo '  NODES=real,kwok    run, cluster: which nodes; kwok alone needs no root'
	@echo '  ONLY=              e2e: pytest -k expression, such as test_life or "kubectl and wait"; fuzz, mutants: names'
	@echo '  SEED=1 SCENARIO= FAULT= REPLICAS=1 LAG='
	@echo '                     sim: without a scenario, it and its faults are drawn from the seed'
	@echo '  FUZZ_SECONDS=300   fuzz: seconds for each target'
	@echo '  SESSIONS=10000 BURST=200 ROUNDS=5 ARRIVALS=200 PACE=2 REST=60'
	@echo '                     bench: how many there are, come at once, how often, come one by one, a second, seconds'
	@echo '  KEEP=1             e2e: leave the cluster up, start on the one that is there'
	@echo '  MAREA_CACHE        tools, images, Python environment (default ~/.cache/marea)'
	@echo '  MAREA_STATE        clusters and their logs (default: the cache)'
