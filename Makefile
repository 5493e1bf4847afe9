# Yuimaru: every command of the house. `make` alone lists them.
# Needed on the machine: Python 3.11 or later, Node with npm, make. The rest is installed below this folder.

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

# Installed when newer than what they were installed from, so a second run does nothing and needs no network.
LOCKED := $(VENV)/.locked
PROJECT := $(VENV)/.project
NPM := node_modules/.installed

.DEFAULT_GOAL := help
.PHONY: help install
.DELETE_ON_ERROR:

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

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
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@
