# Every target sets up .venv/ by itself; nothing needs to be activated.
PYTHON  ?= python3
WORKERS ?= 2
BIN     := .venv/bin
PYTEST  := $(BIN)/pytest -n $(WORKERS) --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup setup-test demo check lint rig test bench lock clean

help:  ## say what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup:  ## make .venv/ with what dure needs to run
	@$(PYTHON) tools/setup.py run

setup-test:
	@$(PYTHON) tools/setup.py test

demo: setup  ## play one room on this machine, in under two minutes
	@$(BIN)/python -m dure_cli.local.demo

lint: setup-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint  ## the fast part of the tests, and every linter
	$(PYTEST) -m "not slow"

rig: setup-test  ## build the Kubernetes test servers: twenty minutes, once for a user and a version
	@$(BIN)/python -m tests.rig.kubernetes.build

test: lint rig  ## everything, with coverage
	$(PYTEST) --cov --cov-report=term:skip-covered

bench: setup-test  ## print the tables of docs/performance.md
	$(BIN)/python -m bench.plan
	$(BIN)/python -m bench.simulate
	$(BIN)/python -m bench.forecast
	$(BIN)/python -m bench.philly
	$(BIN)/python -m bench.reference
	$(BIN)/python -m bench.loops

lock: setup-test  ## lock the dependencies again; UPGRADE=1 takes the newest
	tools/lock.sh $(if $(UPGRADE),--upgrade)

clean:  ## remove what was made, but not the environment
	rm -rf dist build .coverage .coverage.* htmlcov .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
