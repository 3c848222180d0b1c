# Two commands matter: `make run` and `make test`. `make` alone lists the rest.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
PORT ?= 5000
# More for pytest, as in: make test ARGS='tests/core -k totp'
ARGS ?=

VENV := .venv
# By module, not by script: scripts hold the venv's path and break when the folder moves.
RUN := $(VENV)/bin/python -m
PIP := $(RUN) pip --disable-pip-version-check --quiet
# Stamps: a second start installs nothing unless a lock file is newer.
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
HTMX := webapp/static/vendor/htmx.min.js

.PHONY: help run install test check test-all mutation test-system lint format translations screenshots lock clean

help: ## list these commands
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | while IFS=$$'\t' read -r name text; do \
		printf '  make %-12s %s\n' "$$name" "$$text"; done

run: install ## serve on http://127.0.0.1:5000 (PORT=… changes it), with a demo company on the first start
	@PORT='$(PORT)' tools/run.sh

install: $(RUNTIME) $(HTMX) ## make .venv with the runtime set and htmx (make run does it by itself)
	@:

test: test-system $(DEV) $(HTMX) lint ## all checks and tests; installs what they need (ARGS=… goes to pytest)
	@$(RUN) pytest -n 2 $(ARGS)

check: test ## another name for test

test-all: test mutation ## test, and mutation testing; faults, load and other browsers are to come

mutation: $(DEV) $(HTMX) ## change rules, attempts and sealing, and see that a test fails each time
	@$(VENV)/bin/python tools/mutation.py

test-system: ## install the Debian packages that the tests need; not root: name the missing ones
	@tools/system_packages.sh

lint: $(DEV) ## style, types, import contracts, templates, dead code, stray dependencies
	@$(RUN) ruff check --quiet
	@$(RUN) ruff format --check --quiet || { echo 'Not formatted. Run: make format' >&2; $(RUN) ruff format --diff; exit 1; }
	@$(RUN) mypy
	@$(VENV)/bin/python $(VENV)/bin/lint-imports --no-logo --cache-dir .cache/import-linter
	@$(RUN) djlint --lint --quiet webapp/templates
	@$(RUN) vulture
	@$(RUN) deptry --no-ansi . 2>/dev/null || $(RUN) deptry .

format: $(DEV) ## put Python into shape, and fix what ruff can fix safely
	@$(RUN) ruff check --fix --quiet || true
	@$(RUN) ruff format

# Nothing is compiled: the product reads messages.po. A text that changed comes empty, never as a guess from its like.
BABEL := $(RUN) babel.messages.frontend --quiet
CATALOGUES := webapp/translations
translations: $(DEV) ## bring the texts of code and templates into the catalogues; what came empty is yours to translate
	@$(BABEL) extract --mapping-file pyproject.toml --keywords lazy_gettext --keywords lazy_ngettext:1,2 --add-comments NOTE: \
		--add-location file --sort-by-file --width 120 --omit-header --output $(CATALOGUES)/messages.pot .
	@$(BABEL) update --input-file $(CATALOGUES)/messages.pot --output-dir $(CATALOGUES) --no-fuzzy-matching \
		--ignore-obsolete --ignore-pot-creation-date --width 120

screenshots: test-system $(DEV) $(HTMX) ## take the README's screenshots again
	@$(RUN) tools.screenshots

# Hash-locked, and without the address of any index, so that plain pip installs them anywhere.
LOCK := $(RUN) uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
	--python-version 3.11 --universal --custom-compile-command 'make lock' $(UPGRADE)
lock: $(DEV) ## lock requirements*.in again (UPGRADE=--upgrade takes the newest that fit)
	@$(LOCK) requirements.in -o requirements.txt
	@$(LOCK) requirements-dev.in -o requirements-dev.txt

clean: ## remove what make made (.venv, htmx, caches); data in instance/ stays
	rm -rf $(VENV) $(dir $(HTMX)) .cache .hypothesis .coverage htmlcov mutants test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=…")'
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.txt | $(VENV)/bin/python
	@echo 'Installing the runtime set into $(VENV)'
	@$(PIP) install --require-hashes -r requirements.txt
	@touch $@

# The test set holds the runtime set in the same versions.
$(DEV): requirements-dev.txt requirements.txt | $(VENV)/bin/python
	@echo 'Installing the test set into $(VENV)'
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $(RUNTIME) $@

$(HTMX): requirements-htmx.txt tools/vendor_htmx.py | $(VENV)/bin/python
	@$(VENV)/bin/python tools/vendor_htmx.py
