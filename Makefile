# Needs Python 3.11 and make; brings everything else from the package registry.
PYTHON ?= python3
export UV_PYTHON_DOWNLOADS = never

UV := $(shell command -v uv || echo .tools/bin/uv)
RUN := $(UV) run --frozen --no-sync

.PHONY: demo test lint bench ready clean

demo: ready ## the main job: sites, people, a simulated operator and a phone in the browser
	$(RUN) crs demo

test: ready ## everything, against a real PostgreSQL and a real Redis of its own
	$(RUN) pytest

lint: ready ## style, types, import contracts, unused dependencies
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) deptry .

bench: ready ## measure, as ratios to a plain baseline in the same run
	$(RUN) python -m bench

ready: .venv/.ready

.venv/.ready: uv.lock pyproject.toml | $(filter .tools/bin/uv,$(UV))
	$(UV) sync --frozen --python $(PYTHON)
	@touch $@

.tools/bin/uv:
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet uv

clean:
	rm -rf .venv .tools
