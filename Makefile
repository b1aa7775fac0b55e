# `make` lists the targets. Everything runs inside .venv, made from requirements.lock alone.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
MEMBERS := shared services/coding-svc services/claims-svc services/remit-svc services/denials-svc services/lifecycle-svc deploy/payer_sim

.DEFAULT_GOAL := help
.PHONY: help setup lock fix check test

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: .venv/.ready ## .venv from requirements.lock (hashes checked), then the members, editable

.venv/.ready: requirements.lock $(addsuffix /pyproject.toml,$(MEMBERS))
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or later is needed, this is " + sys.version'
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(addprefix -e ,$(MEMBERS))
	touch $@

lock: ## resolve the dependencies anew (needs uv)
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate --no-emit-package rcm --group build --group dev pyproject.toml -o requirements.lock

fix: setup ## format, and repair what can be repaired
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

check: setup ## lint, types, layers
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

test: setup ## every test
	$(BIN)/pytest
