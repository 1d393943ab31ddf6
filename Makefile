# `make` tells what there is. The environment is .venv/ in this folder; uv makes it quickly, pip does where uv can't.
PORT ?= 5000
BIN := .venv/bin

.PHONY: help run test soak bench look lint types unit services format clean
help: ## what make can do
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 12

run: .venv/run.done ## the helpdesk with made-up people and tasks, on http://127.0.0.1:5000 (PORT=5001 moves it)
	$(BIN)/helpdesk demo --port $(PORT)

# A recipe that begins with it tells at its end how long it took.
TIMED = @began=$$(date +%s); trap 'echo "$@: $$(($$(date +%s) - began)) s"' EXIT; set -ex;

test: .venv/dev.done services ## everything: real services, linters, types, tests, browser journeys
	$(MAKE) --no-print-directory --jobs 3 lint types unit

soak: .venv/dev.done services ## the proofs that have a long form, at length (SEED=7 throws other dice)
	SOAK=true $(BIN)/python -m pytest -m "soak or hypothesis" --timeout 1800

bench: .venv/dev.done ## measure speed and weight beside a real Redmine: ten minutes, written to bench/RESULTS.md and docs
	$(BIN)/python -m bench
	$(BIN)/python -m bench.outbox
	$(BIN)/python -m bench.telephony

look: .venv/dev.done ## pictures of the pages in every size, theme and language, into look/ (ONLY="task board" for some)
	$(BIN)/python scripts/look $(ONLY)

services: ## install what tests talk to: MariaDB, Redmine, Redis, PostgreSQL, nginx, Chromium, Firefox, w3m (as root on Debian)
	scripts/install-test-services

lint: .venv/dev.done ## ruff, djlint, oxlint and oxfmt
	$(TIMED) $(BIN)/ruff check .; $(BIN)/ruff format --check .; $(BIN)/djlint --lint --quiet templates; \
	$(BIN)/oxlint --quiet --deny-warnings static/js; $(BIN)/oxfmt --check static/js

types: .venv/dev.done ## mypy --strict
	$(TIMED) $(BIN)/mypy

# Without compiled files the assertions of all tests would be rewritten anew in each run.
unit: .venv/dev.done ## tests and browser journeys
	$(TIMED) PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --durations 10

format: .venv/dev.done ## put code and scripts in their usual form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/oxlint --quiet --fix static/js
	$(BIN)/oxfmt static/js

clean: ## forget the environment and the demo
	rm -rf .venv data

.venv/bin/python:
	@python3 -c 'import sys; sys.exit("Python 3.11 or later is needed" if sys.version_info < (3, 11) else 0)'
	python3 -m venv .venv

.venv/run.done: requirements.txt pyproject.toml | .venv/bin/python
	scripts/environment requirements.txt
	@touch $@

.venv/dev.done: requirements-dev.txt pyproject.toml | .venv/bin/python
	scripts/environment requirements-dev.txt
	@touch $@ .venv/run.done
