# awaitbench: `make bench` measures, `make test` tests; each does all its set-up alone.

PYTHON ?= python3
PRESET ?= quick
SCENARIOS ?=
RUN ?= latest
PYTHONS ?=
LOOPS ?=
PYTEST ?=
VENV ?= .venv
BIN := $(VENV)/bin
BENCH := $(BIN)/awaitbench
# What installs into the environment; CI names uv, which is faster and need not be there.
PIP_INSTALL ?= $(BIN)/python -m pip install --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help bench test check native-checks sanitize leaks report readme reference environment \
  experiments clean

help: ## list the targets
	@echo "awaitbench: what a sync-or-async call costs in asyncio"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
	  awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'
	@echo
	@echo "  PRESET=quick|standard|rigorous   how exact (quick)"
	@echo "  SCENARIOS=\"name ...\"             which scenarios (all)"
	@echo "  PYTHON=python3.13                which interpreter makes the environment (python3)"
	@echo "  PYTHONS=\"3.11 3.13\"              which interpreters measure, side by side (PYTHON)"
	@echo "  LOOPS=\"asyncio uvloop\"           on which event loops (asyncio)"
	@echo "  RUN=name                         which run a report is made of (latest)"

# An environment belongs to one interpreter and one pyproject.toml: it is made again when
# PYTHON or VENV names another, and installed into again when what it needs has changed.
MADE_STAMP := $(VENV)/.awaitbench-made
STAMP := $(VENV)/.awaitbench-installed
DEV_STAMP := $(VENV)/.awaitbench-dev-installed

MADE_BY := $(VENV)/.awaitbench-python
WHICH := $(PYTHON) -c 'import sys; print(sys.version.split()[0], sys.base_prefix)'

# Written anew only when PYTHON is another interpreter than the one that made the environment.
$(MADE_BY): FORCE
	@mkdir -p $(VENV)
	@[ "$$($(WHICH))" = "$$(cat $@ 2>/dev/null)" ] || $(WHICH) > $@

FORCE:

$(MADE_STAMP): pyproject.toml $(MADE_BY)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) is $$($(PYTHON) --version 2>&1), awaitbench needs Python 3.11 or later; give one with PYTHON=python3.13" >&2; exit 2; }
	@$(PYTHON) -m venv --clear $(VENV) && $(WHICH) > $(MADE_BY)
	@touch $@

# The native ValueTask lies beside its package, one file per interpreter. The stamp holds the
# name of the file that was built, and is void when that file is gone. An old one is removed
# first: where it cannot be built any more, the pure ValueTask is measured, never an old native.
NATIVE_SOURCES := setup.py $(wildcard harness/valuetask/native/*.[ch])
NATIVE := import sysconfig; print("harness/valuetask/_native" + sysconfig.get_config_var("EXT_SUFFIX"))
BUILT := $(shell cat $(STAMP) 2>/dev/null)

ifneq ($(BUILT),$(wildcard $(BUILT)))
$(STAMP): FORCE
endif

$(STAMP): $(MADE_STAMP) $(NATIVE_SOURCES)
	@echo "installing awaitbench into $(VENV) (once)"
	@rm -f "$$($(BIN)/python -c '$(NATIVE)')"
	@PYTHONWARNINGS=ignore $(PIP_INSTALL) --quiet --editable .
	@native=$$($(BIN)/python -c '$(NATIVE)'); if [ -f "$$native" ]; then echo "$$native"; else \
	  echo "installed without the native ValueTask: it needs a C compiler and Python's headers (once they are there: make clean)" >&2; fi > $@

$(DEV_STAMP): $(STAMP)
	@echo "installing what tests and checks need into $(VENV) (once)"
	@$(PIP_INSTALL) --quiet "pip>=25.1"
	@$(PIP_INSTALL) --quiet --group dev
	@touch $@

# Its own interpreter measures as it is; others get uvloop with the environment made for them.
UVLOOP_STAMP := $(VENV)/.awaitbench-uvloop-installed
MEASURES := $(STAMP) $(if $(filter uvloop,$(LOOPS)),$(UVLOOP_STAMP))

$(UVLOOP_STAMP): $(STAMP)
	@$(PIP_INSTALL) --quiet --editable ".[uvloop]"
	@touch $@

bench: $(MEASURES) ## measure the scenarios, show the table, write the HTML report
	@$(BENCH) run --preset $(PRESET) $(PYTHONS:%=--python %) $(LOOPS:%=--loop %) $(SCENARIOS)

test: $(DEV_STAMP) ## run the tests (PYTEST="--cov" shows what they miss)
	@$(BIN)/python -m pytest $(PYTEST)

check: $(DEV_STAMP) ## lint, formatting, types, architecture
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/oxlint harness/report/templates
	@$(BIN)/mypy
	@$(BIN)/lint-imports

native-checks: sanitize leaks ## what tests cannot see of the C code (Linux, gcc)

sanitize: $(DEV_STAMP) ## run ValueTask's tests under address and undefined-behaviour sanitizers
	@$(BIN)/python -m tests.native.sanitized

leaks: $(DEV_STAMP) ## show that 100,000 uses of each path of ValueTask leave nothing behind
	@$(BIN)/python -m tests.native.leaks

report: $(STAMP) ## make the HTML report of RUN again
	@$(BENCH) report $(RUN)

# Several runtimes take as many times as long: they are measured quickly, unless PRESET is given.
SEVERAL := $(word 2,$(PYTHONS))$(word 2,$(LOOPS))
REFERENCE_PRESET := $(if $(filter file,$(origin PRESET)),$(if $(SEVERAL),quick,standard),$(PRESET))

reference: $(MEASURES) ## measure the reference run again (PYTHONS="3.11 3.12 3.13" LOOPS="asyncio uvloop")
	@rm -rf results/reference reports/reference
	@$(BENCH) run --preset $(REFERENCE_PRESET) $(PYTHONS:%=--python %) $(LOOPS:%=--loop %) --name reference
	@$(MAKE) --no-print-directory readme

readme: $(STAMP) ## write the README's table and picture from the reference run
	@$(BIN)/python docs/make_readme.py

environment: $(DEV_STAMP) ## make the environment and nothing more

experiments: $(DEV_STAMP) ## show that the method holds (PYTHONS="python3.11 ...", over an hour)
	@$(BIN)/python docs/experiments/run_all.py $(or $(PYTHONS),$(PYTHON))

clean: ## remove the environment and what tools left; runs and reports stay
	@rm -rf $(VENV) harness/valuetask/_native*.so build dist *.egg-info .coverage .coverage.* \
	  htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
