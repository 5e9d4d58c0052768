# Everything a developer needs: `make run` opens termcoder, `make test` tests it, `make help` names the rest.

PYTHON ?= python3
PROJECT ?= .
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)

# The backend already installed; on a fresh checkout CUDA where an NVIDIA GPU works, else CPU.
installed := $(firstword $(foreach name,cpu cuda remote,$(if $(wildcard $(VENV)/.ready-$(name)),$(name))))
detect := if [ -e /proc/driver/nvidia/version ] || nvidia-smi -L >/dev/null 2>&1; then echo cuda; else echo cpu; fi
BACKEND ?= $(or $(installed),$(shell $(detect)))

SETUP := requirements/install.py requirements/uv.txt
READY := $(VENV)/.ready-$(BACKEND)
READY_DEV := $(VENV)/.ready-dev

# The model is fetched before the program opens, where its progress can be read; the program itself fetches what is
# missing later. With a server, a demonstration or another model among the flags, nothing is fetched here.
MODEL ?= auto
elsewhere := $(filter remote,$(BACKEND))$(findstring --engine,$(ARGS))$(findstring --url,$(ARGS))$(findstring --model,$(ARGS))
READY_MODEL := $(if $(elsewhere),,$(VENV)/.ready-model-$(subst /,-,$(MODEL)))
TEST_MODEL := smollm2-135m

.PHONY: run test lint format bench slow autogptq pins clean help

## run     open termcoder (PROJECT=folder, MODEL=name, BACKEND=cpu|cuda|remote, ARGS="...", PYTHON=python3.12)
run: $(READY) $(READY_MODEL)
	@exec "$(BIN)/termcoder" -C "$(PROJECT)" $(if $(filter-out auto,$(MODEL)),--model "$(MODEL)") $(ARGS)

# Models that tests run for real, kept apart from the user's own.
test slow autogptq: export TERMCODER_TEST_CACHE ?= $(CACHE)/termcoder-test

## test    run the tests (ARGS="-k name")
test: $(READY_DEV)
	@"$(BIN)/python" -m tests.fetch_model $(TEST_MODEL)
	@"$(BIN)/python" -m pytest --numprocesses 2 --dist loadfile $(ARGS)

## lint    check style, types and the direction of imports
lint: $(READY_DEV)
	@"$(BIN)/ruff" check --quiet .
	@"$(BIN)/ruff" format --check --quiet .
	@"$(BIN)/mypy"
	@"$(BIN)/lint-imports" --no-logo 2>/dev/null

## bench   measure: first paint, keys while an answer streams, reading logs, reviews, sessions, the engine's start (minutes)
bench: $(READY)
	@for name in first_paint stream parse review sessions engine_start; do "$(BIN)/python" -m termcoder.bench.$$name || exit 1; done

## slow    the tests that take too long for every change
slow: $(READY_DEV)
	@"$(BIN)/python" -m tests.fetch_model $(TEST_MODEL)
	@"$(BIN)/python" -m pytest -m slow $(ARGS)

## autogptq  checkpoints made here and by AutoGPTQ fit each other (makes AutoGPTQ's environment once: 1.3 GB)
autogptq: $(READY_DEV)
	@"$(BIN)/python" -m tests.fetch_model $(TEST_MODEL)
	@"$(BIN)/python" -m pytest -m autogptq $(ARGS)

## format  put every file into the one format
format: $(READY_DEV)
	@"$(BIN)/ruff" format --quiet .
	@"$(BIN)/ruff" check --fix --quiet .

## pins    resolve the pinned lists again from pyproject.toml
pins: $(READY_DEV)
	@"$(BIN)/python" requirements/pin.py

## clean   remove the environment and what tools left; models and sessions stay
clean:
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:
	@grep '^## ' Makefile | cut -c 4-

define need_python
@command -v "$(PYTHON)" >/dev/null || { \
	echo 'set-up: there is no "$(PYTHON)" here: install Python 3.11, 3.12 or 3.13, or make run PYTHON=/path/to/python3' >&2; \
	exit 1; }
endef

.PHONY: no-python-in-it
$(READY): requirements/$(BACKEND).txt pyproject.toml $(SETUP) $(shell test -x $(VENV)/bin/python || echo no-python-in-it)
	$(need_python)
	@"$(PYTHON)" requirements/install.py $(BACKEND)

$(VENV)/.ready-model-%: | $(READY)
	@"$(BIN)/termcoder" models pull "$(MODEL)"
	@touch $@

$(READY_DEV): $(READY) requirements/dev.txt
	$(need_python)
	@"$(PYTHON)" requirements/install.py $(BACKEND) dev
