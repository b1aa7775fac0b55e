# `make` lists the targets. Everything runs inside .venv, made from requirements.lock alone.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# Compiled modules are kept: a command starts in half the time.
export PYTHONDONTWRITEBYTECODE :=
MEMBERS := shared services/coding-svc services/claims-svc services/remit-svc services/denials-svc services/lifecycle-svc deploy/payer_sim

.DEFAULT_GOAL := help
.PHONY: help setup lock fix check test demo up down samples golden bench campaign fuzz

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: .venv/.ready .venv/.codes ## .venv from requirements.lock (hashes checked), the members, editable, and the code sets

.venv/.ready: requirements.lock $(addsuffix /pyproject.toml,$(MEMBERS))
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or later is needed, this is " + sys.version'
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(addprefix -e ,$(MEMBERS))
	touch $@

# The code sets come with the packages: made once, some ten seconds, and again when those change.
.venv/.codes: .venv/.ready shared/rcm/codes/schema.py shared/rcm/codes/build.py
	$(BIN)/rcm codes build
	touch $@

lock: ## resolve the dependencies anew (needs uv)
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate --no-emit-package rcm --group build --group dev pyproject.toml -o requirements.lock

fix: setup ## format, and repair what can be repaired
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

check: setup ## lint, types, layers
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

test: setup ## every test, on all cores; what cannot be had (Kafka, PostgreSQL, a browser) is skipped and said
	$(BIN)/pytest -n auto --dist loadfile

BUS ?= embedded

demo: setup ## the whole cycle on synthetic samples, then the balance and the rebuild check (BUS=kafka for Kafka and PostgreSQL)
	@$(BIN)/python -m tools.demo --bus $(BUS)

up: setup ## the same, left running; says where the pages are
	@$(BIN)/python -m tools.demo --bus $(BUS) --keep

down: setup ## stop what `make up` left running
	@RCM_DATA_DIR=.data/demo $(BIN)/rcm down
	@$(BIN)/python -m rcm.platform.local kafka stop .data/demo/kafka
	@$(BIN)/python -m rcm.platform.local postgres stop .data/demo/postgres

N ?= 66
OUT ?= .data/samples-$(N)

samples: setup ## load of the kind in samples/: make samples N=100000 OUT=folder
	@$(BIN)/python -m tools.make_samples --count $(N) --out $(OUT)

golden: setup ## write the golden files anew; read `git diff` afterwards (never in CI)
	$(BIN)/python -m tools.golden

bench: setup ## every benchmark, beside its peer or ceiling, into docs/benchmarks.md
	$(BIN)/python -m benchmarks

campaign: setup ## the long tests: kills, simulation, differential (about an hour)
	$(BIN)/pytest -m campaign --timeout 3600

SECONDS_EACH ?= 60

fuzz: setup ## coverage-guided fuzzing of lexer, readers, JSON and round trip, SECONDS_EACH a target
	$(BIN)/python -m tools.fuzz_x12 --seconds $(SECONDS_EACH)
