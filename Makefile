# Needs Python 3.11 or later and make; brings everything else from the package registry.
# Another Python: make PYTHON=/path/to/python3.12
.DEFAULT_GOAL := help
OLDEST := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11 python,\
	$(shell $(name) -c '$(OLDEST)' 2>/dev/null && echo $(name))))
export UV_PYTHON_DOWNLOADS = never
# Where it is set every process compiles everything anew: two seconds each, and the tests start dozens.
unexport PYTHONDONTWRITEBYTECODE

# A uv that runs, else one of our own in .tools.
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv || echo .tools/bin/uv)
SYNC = $(UV) sync --frozen --extra voice --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
RUN := .venv/bin/

.PHONY: help demo test test-outside test-inside lint bench ready clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

demo: ready ## the main job: sites, people, a simulated operator and a phone in the browser
	$(RUN)crs demo

# Those that measure have the machine to themselves; then what talks to sockets, processes and browsers runs beside
# the rest, which would wait for them most of the time.
MEASURING := tests/capacity
OUTSIDE := $(wildcard $(addprefix tests/,agi channels demo embedded faults gateway simulation smpp telegram \
	test_doctor.py test_main_job.py voice voicexml web whatsapp))

test: ready ## everything, against a real PostgreSQL and a real Redis of its own
	$(RUN)pytest $(MEASURING)
	@$(MAKE) --no-print-directory --jobs=2 test-outside test-inside

test-outside: ready
	$(RUN)pytest -o cache_dir=.pytest_cache/outside $(OUTSIDE)

test-inside: ready
	$(RUN)pytest $(addprefix --ignore=,$(MEASURING) $(OUTSIDE)) tests

lint: ready ## style, types, import contracts, unused dependencies
	$(RUN)ruff check .
	$(RUN)ruff format --check .
	$(RUN)mypy
	$(RUN)lint-imports
	$(RUN)deptry .

bench: ready ## measure, as ratios to a plain baseline in the same run
	$(RUN)python -m bench

ready: .venv/.ready ## only bring what the others need

.venv/.ready: uv.lock pyproject.toml | $(filter .tools/bin/uv,$(UV))
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(OLDEST)' 2>/dev/null || { echo "Python 3.11 or later is needed and not found; \
	install it, or name it: make PYTHON=/path/to/python3.11"; exit 1; }
	$(SYNC) || { echo "Again, with the certificates of this machine:"; UV_SYSTEM_CERTS=true $(SYNC); }
	@touch $@

# Debian's Python may have pip without venv, or venv without pip; either can bring uv.
.tools/bin/uv:
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(OLDEST)' 2>/dev/null || { echo "Python 3.11 or later is needed and not found; \
	install it, or name it: make PYTHON=/path/to/python3.11"; exit 1; }
	@rm -rf .tools
	@if $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null && $(PYTHON) -m venv .tools; then \
		.tools/bin/python -m pip install --quiet --disable-pip-version-check uv; \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then \
		$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools uv; \
	else \
		echo "This Python can make no virtual environment and has no pip. Install one of them:"; \
		echo "  Debian, Ubuntu: sudo apt install python3-venv"; \
		echo "  Fedora:         sudo dnf install python3-pip"; \
		echo "or uv itself (https://docs.astral.sh/uv), then run make again."; \
		exit 1; \
	fi
	@test -x $@ || { echo "uv did not come from the package registry; is it reachable?"; exit 1; }

clean: ## remove what make brought, not your data
	rm -rf .venv .tools
