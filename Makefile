# Everything runs in .venv, which is filled from requirements/*.lock: every package pinned, every file known by its hash.
# Needs make and Python 3.11 or later; a C compiler only where a dependency has no ready-made wheel.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test check lint bench torture copies pictures samples areas lock clean

# The Python that .venv is made of, and what to add to a command: make test ARGS="-k segments", make demo ARGS=--stay
suits := -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
PYTHON ?= $(shell for it in python3.13 python3.12 python3.11 python3; do "$$it" $(suits) && echo "$$it" && break; done)
ARGS ?=

run := .venv/bin/python -m
pip := $(run) pip install -qq --disable-pip-version-check --no-input --no-build-isolation
pinned := $(pip) --require-hashes --requirement

help: ## Say what can be made
	@sed -n 's/^\([a-z]*\):.* ## \(.*\)/  make \1 \2/p' Makefile | awk '{ $$2 = sprintf("%-9s", $$2); print "  " $$0 }'

demo: .venv/run.stamp ## Send one message on five channels of two municipalities, against the sandbox on this machine
	@.venv/bin/broadcaster demo $(ARGS)

# Four at once, also on two cores: tests wait for sockets and for each other more than they work
test: .venv/dev.stamp ## Run every test; fetches PostgreSQL, Chromium and espeak-ng where it may, else says what is left out
	@$(run) tests.support.components
	@$(run) pytest --numprocesses 4 $(ARGS)

check: lint .venv/bench.stamp ## Check style, types and which part knows which
	@$(run) mypy
	@.venv/bin/lint-imports --no-logo

lint: .venv/dev.stamp ## Check style alone
	@$(run) ruff check
	@$(run) ruff format --check

bench: .venv/bench.stamp ## Measure what has a goal, and write build/bench.json
	@$(run) benchmarks $(ARGS)

torture: .venv/run.stamp ## Kill it 200 times, let it soak, count what residents got, write build/torture.json
	@$(run) benchmarks.torture $(ARGS)

copies: .venv/run.stamp ## Copy the database 100 times amid a sending, go on elsewhere, write build/copies.json
	@$(run) benchmarks.copies $(ARGS)

pictures: .venv/run.stamp ## Take the pictures of docs/images again, of the real thing; needs Chromium
	@.venv/bin/python docs/images/make.py

samples: .venv/run.stamp ## Speak the samples of docs/samples again; needs espeak-ng
	@.venv/bin/python docs/samples/make.py

areas: .venv/lock.stamp ## Make the list of municipalities and their outlines again, of what Statistics Sweden publishes
	@$(run) uv run --quiet --script docs/areas/make.py

# Keeps the versions that still fit. For newer ones: make lock ARGS=--upgrade
lock: .venv/lock.stamp ## Pin the dependencies of pyproject.toml and requirements/*.in again
	@$(compile) requirements/build.in --output-file requirements/build.lock
	@$(compile) requirements/lock.in --output-file requirements/lock.lock
	@$(compile) pyproject.toml --output-file requirements/run.lock
	@$(compile) pyproject.toml --group dev --constraint requirements/run.lock --output-file requirements/dev.lock
	@$(compile) requirements/bench.in --constraint requirements/dev.lock --output-file requirements/bench.lock

compile = $(run) uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links $(ARGS)

clean: ## Remove all that make has made, .venv included
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/run.stamp: requirements/build.lock requirements/run.lock pyproject.toml
	@echo "Setting up .venv (the first time takes a minute)"
	@[ -x .venv/bin/pip ] || "$(PYTHON)" $(suits) || { \
		echo "This needs Python 3.11 or later that can make virtual environments. Install one (on Debian: python3" \
		"and python3-venv) or name the one to use: make PYTHON=/path/to/python3" >&2; exit 1; }
	@[ -x .venv/bin/pip ] || "$(PYTHON)" -m venv --clear .venv
	@$(pinned) requirements/build.lock
	@$(pinned) requirements/run.lock
	@$(pip) --no-deps --editable .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.lock
	@echo "Adding the tools for checks and tests"
	@$(pinned) requirements/dev.lock
	@touch $@

.venv/bench.stamp: .venv/dev.stamp requirements/bench.lock
	@echo "Adding what benchmarks compare with"
	@$(pinned) requirements/bench.lock
	@touch $@

.venv/lock.stamp: .venv/run.stamp requirements/lock.lock
	@$(pinned) requirements/lock.lock
	@touch $@
