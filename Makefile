# `make demo` and `make test` are the two commands; each does its own set-up, once.
# Needs Python 3.11 to 3.13, make and a C compiler. PYTHON=… names another interpreter.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3 python; do \
	"$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && { command -v "$$name"; break; }; done)
UV := .uv/bin/uv
BIN := .venv/bin
READY := .venv/.ready
PYTEST := $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder
# what one process has compiled the others need not: ten seconds on a fresh clone
KEPT := PYTHONDONTWRITEBYTECODE=
SOURCES := agent processors knowledge benchmarks tests

export UV_PYTHON_DOWNLOADS := never

.PHONY: help
help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: demo
demo: $(READY) ## two simulated calls, no key and no network needed
	$(BIN)/answerline demo

.PHONY: serve
serve: $(READY) ## the service, with the settings of .env
	$(BIN)/answerline serve

.PHONY: test
test: $(READY) ## every test, in less than five minutes on two cores
	@# calls wait for real time: the tests that only compute take what is left of the processor
	@told=$$(mktemp); trap 'rm -f "$$told"' EXIT; \
	$(KEPT) nice -n 19 $(PYTEST) --numprocesses 2 tests/knowledge >"$$told" 2>&1 & beside=$$!; \
	trap 'kill $$beside; exit 130' INT TERM; \
	$(KEPT) $(PYTEST) --numprocesses 3 tests/calls; calls=$$?; \
	wait $$beside; computed=$$?; cat "$$told"; \
	test $$calls -eq 0 -a $$computed -eq 0
	$(KEPT) $(PYTEST) --numprocesses 4 tests --ignore tests/calls --ignore tests/knowledge

.PHONY: coverage
coverage: $(READY) ## the tests again, with the branches that they take
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report --show-missing --skip-covered

.PHONY: check
check: $(READY) ## style, types, layers, spelling, lengths, .env.example, balancers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python -m pytest tests/test_lengths.py tests/agent/settings/test_page.py
	$(BIN)/hadolint Dockerfile
	$(BIN)/python deploy/check.py

.PHONY: bench
bench: $(READY) ## ratios against the stock Pipecat bot
	$(BIN)/python -m benchmarks

.PHONY: bench-router
bench-router: $(READY) ## the router against every baseline, on public sets and our own
	$(BIN)/python -m benchmarks.router

.PHONY: bench-input
bench-input: $(READY) ## masking and languages on labelled utterances
	$(BIN)/python -m benchmarks.input --report reports/input.json

.PHONY: chaos
chaos: $(READY) ## everything that may be away is: nothing may be lost, every turn is answered
	$(BIN)/python -m tests.chaos
	$(BIN)/python -m tests.faults --calls --json reports/faults.json
	$(BIN)/python -m tests.chaos.fleet

.PHONY: soak
soak: $(READY) ## 5,000 short calls on one worker: nothing of them may stay
	$(BIN)/python -m tests.soak

.PHONY: sweep
sweep: $(READY) ## 200 callers tell personal data; none of it may be kept anywhere
	$(BIN)/python -m tests.sweep

.PHONY: fuzz
fuzz: $(READY) ## hostile messages, requests, signatures and words; no call may suffer
	$(BIN)/python -m tests.fuzz

.PHONY: audit
audit: $(READY) ## vulnerabilities, secrets, licences, bill of materials, in reports/
	$(BIN)/python deploy/audit.py

.PHONY: secrets
secrets: $(READY) ## .secrets.baseline anew; look at what has changed in it
	$(BIN)/python deploy/audit.py --secrets

.PHONY: lock
lock: $(READY) ## requirements.lock anew: all extras, hashes, no addresses
	$(UV) pip compile --upgrade --universal --generate-hashes --all-extras pyproject.toml \
		-o requirements.lock

.PHONY: clean
clean: ## everything that was made
	rm -rf .venv .uv reports build dist .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .hypothesis .coverage htmlcov
	find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml $(UV)
	$(UV) venv --quiet --allow-existing --python "$(PYTHON)" .venv
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode \
		requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

$(UV):
	@test -n "$(PYTHON)" || { echo "Answerline needs Python 3.11, 3.12 or 3.13:" \
		"none was found; PYTHON=/path/to/python names one." >&2; exit 1; }
	@command -v "$(PYTHON)" >/dev/null || { echo "$(PYTHON): no such program." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v[:2] <= (3, 13) else \
		"Answerline needs Python 3.11, 3.12 or 3.13; $(PYTHON) is %d.%d." % v[:2])'
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) lacks the venv" \
		"module (Debian, Ubuntu: the package python3-venv)." >&2; exit 1; }
	"$(PYTHON)" -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv
