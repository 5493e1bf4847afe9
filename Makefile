# Yuimaru: every command of the house. `make` alone lists them.
# Needed on the machine: Python 3.11 or later, Node with npm, make. The rest is installed below this folder.

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input
# 3.12 and 3.11 first: for them every package comes as a ready wheel, later ones build pyrevm with Rust.
PYTHON ?= $(shell for p in python3.12 python3.11 python3 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
FORGE := node_modules/.bin/forge

# What can be said on the command line: make run DEMO_ARGS="--homes 4", make lane-pytest PYTEST_ARGS="tests/unit -x".
DEMO_ARGS ?= --homes 8 --slot-seconds 10 --slots 12
RUFF_ARGS ?= .
MYPY_ARGS ?=
FORGE_ARGS ?=
PYTEST_ARGS ?=
# How many test processes at a time: two cores, two processes.
PYTEST_WORKERS ?= 2

# Installed when newer than what they were installed from, so a second run does nothing and needs no network.
LOCKED := $(VENV)/.locked
PROJECT := $(VENV)/.project
NPM := node_modules/.installed

# `make test` runs these; each is a target of its own. A lane may not depend on another having run.
LANES := lane-ruff lane-mypy lane-imports lane-forge-fmt lane-forge-lint lane-artifacts lane-forge lane-pytest

.DEFAULT_GOAL := help
.PHONY: help install run test test-long check spec lock artifacts snapshots brownie slither fmt clean distclean $(LANES)
.DELETE_ON_ERROR:

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

# ---------------------------------------------------------------- install and run

install: $(PROJECT) $(NPM) ## create .venv and node_modules from the locks

$(LOCKED): requirements/dev.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or later found: install one, or name it with PYTHON=..."; exit 1; }
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes --requirement requirements/dev.txt
	@touch $@

$(PROJECT): $(LOCKED) pyproject.toml requirements/run.in
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(NPM): package-lock.json
	@command -v npm >/dev/null || { echo "No npm found: install Node 20 or later with npm."; exit 1; }
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

run: install ## show the market: a small neighbourhood trades live, then its books are checked
	$(VENV)/bin/yuimaru demo $(DEMO_ARGS)

# ---------------------------------------------------------------- tests

test: install ## every check; each lane is a target of its own (lane-ruff ... lane-pytest)
	@$(PY) scripts/lanes.py "$(MAKE)" $(LANES)

check: install ## the quick lanes: format, types, imports
	@$(PY) scripts/lanes.py "$(MAKE)" lane-ruff lane-mypy lane-imports lane-forge-fmt lane-forge-lint

test-long: install ## the tests that take minutes: long runs of forge, of Hypothesis and of whole processes
	FOUNDRY_PROFILE=long $(PY) scripts/forge_test.py --match-test 'testFuzz|invariant' $(FORGE_ARGS)
	HYPOTHESIS_PROFILE=long $(PY) -m pytest -n $(PYTEST_WORKERS) -m long $(PYTEST_ARGS)

lane-ruff: install
	$(PY) -m ruff check $(RUFF_ARGS)
	$(PY) -m ruff format --check $(RUFF_ARGS)

lane-mypy: install
	$(PY) -m mypy $(MYPY_ARGS)

lane-imports: install
	$(VENV)/bin/lint-imports

lane-forge-fmt: install
	$(FORGE) fmt --check

# A folder of its own: what `forge lint` leaves in the cache hides the tests from a later `forge test`.
lane-forge-lint: install
	FOUNDRY_OUT=build/forge-lint/out FOUNDRY_CACHE_PATH=build/forge-lint/cache $(FORGE) lint --deny warnings

lane-artifacts: install
	$(PY) scripts/gen_artifacts.py --check

lane-forge: install
	$(PY) scripts/forge_test.py $(FORGE_ARGS)

# Before -m: a PYTEST_ARGS with an -m of its own wins.
lane-pytest: install
	$(PY) -m pytest -n $(PYTEST_WORKERS) -m "not long" $(PYTEST_ARGS)

spec: install ## the requirement numbers that no test carries
	$(PY) scripts/spec_coverage.py

# ---------------------------------------------------------------- made files

lock: ## resolve the dependencies anew: requirements/*.txt and package-lock.json
	$(PYTHON) scripts/lock.py

artifacts: install ## compile the contracts to node/chain/artifacts
	$(PY) scripts/gen_artifacts.py

snapshots: install ## measure the gas of the contracts anew: tests/snapshots/gas
	$(PY) scripts/forge_test.py --write-snapshots

# ---------------------------------------------------------------- tools in environments of their own

.venv-%/.locked: requirements/%.txt
	test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip --disable-pip-version-check --no-input install --quiet --require-hashes --requirement $<
	@touch $@

# Brownie asks for a compiler by the name that its own download would have.
brownie: install .venv-brownie/.locked ## compile the contracts with Brownie
	mkdir -p build/brownie build/brownie-interfaces build/solcx
	ln -sf ../../scripts/solc-wasm build/solcx/solc-v0.8.37
	SOLCX_BINARY_PATH="$(CURDIR)/build/solcx" .venv-brownie/bin/brownie compile --all

slither: install .venv-tools/.locked ## search the contracts for known weaknesses
	PATH="$(CURDIR)/node_modules/.bin:$(CURDIR)/.venv-tools/bin:$$PATH" FOUNDRY_OUT=build/slither/out \
		FOUNDRY_CACHE_PATH=build/slither/cache slither . --filter-paths 'node_modules|tests' \
		--exclude-informational --exclude-low --exclude-optimization

# ---------------------------------------------------------------- tidying

fmt: install ## format Python and Solidity
	$(PY) -m ruff check --fix --quiet . || true
	$(PY) -m ruff format .
	$(FORGE) fmt

clean: ## remove what building and testing left behind
	rm -rf build dist cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

distclean: clean ## remove the installed environments as well
	rm -rf $(VENV) .venv-* node_modules
