# The commands of the shop. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PYTEST_ARGS ?=
SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory
PINS := requirements.txt requirements/runtime.txt requirements/embedded.txt
# Pip talks about upgrades of itself and of nothing else worth reading.
PIP := $(PY) -m pip --disable-pip-version-check --no-input

.PHONY: help install run dev load scale silk test fuzz ordeal coverage check format migrations openapi manage psql lock clean clean-data

help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.runtime ## Start the shop: PostgreSQL, Valkey, web, worker, beat, mail sink (PORT, DATA_DIR, DATABASE_URL, REDIS_URL)
	@exec $(PY) -m storefront.embedded run

dev: $(VENV)/.runtime ## The same, with a web server that starts anew when code changes
	@exec $(PY) -m storefront.embedded run --reload

LOAD_ARGS ?=
load: $(VENV)/.load ## Thirty seconds of shoppers: Locust's table, CPU per request, ratio to a bare view; exit code 0 or 1 (LOAD_ARGS="--users 50 --max-p95 500")
	@exec $(PY) -m loadtests load $(LOAD_ARGS)

SCALE_ARGS ?=
scale: $(VENV)/.load ## What each journey costs at 10,000 and at 1,000,000 products, and seeding beside a bare COPY; half an hour (SCALE_ARGS="--rounds 3")
	@exec $(PY) -m storefront.embedded with-servers -- $(PY) -m loadtests scale $(SCALE_ARGS)

SILK_ARGS ?=
silk: $(VENV)/.test ## What Silk costs at 5 % of the requests; two minutes (SILK_ARGS="--percent 20")
	@exec $(PY) -m storefront.embedded with-servers -- $(PY) -m loadtests silk $(SILK_ARGS)

# The whole suite runs in two lanes (tests/lanes.py), a part of it in one.
LANES = $(if $(strip $(PYTEST_ARGS)),,-n 2 --dist loadscope --no-loadscope-reorder)
test: $(VENV)/.test ## Run the whole suite on servers of its own (PYTEST_ARGS="market/carts -k claim")
	@exec $(PY) -m storefront.embedded with-servers -- $(PY) -m pytest --create-db $(LANES) $(PYTEST_ARGS)

FUZZ_SECONDS ?= 600
fuzz: $(VENV)/.test ## Compare answers with the OpenAPI document for ten minutes (FUZZ_SECONDS)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) exec $(PY) -m storefront.embedded with-servers -- $(PY) -m pytest --create-db tests/system/test_schemathesis.py --timeout 0 $(PYTEST_ARGS)

# The figures of the long forms, those of docs/acceptance.md. One that fails keeps none of the others from running.
ordeal: $(VENV)/.test ## The long forms of the tests of faults, one after the other, then make fuzz; an hour or more
	@failed=0; \
	REPRICED_PRODUCTS=40000 RUN_LEASE_SECONDS=10 $(MAKE) test PYTEST_ARGS="tests/system/test_operations.py -s --timeout 0" || failed=1; \
	KILLED_ORDERS=2000 $(MAKE) test PYTEST_ARGS="tests/system/test_fifty_kills.py -s --timeout 0" || failed=1; \
	POISONED_ROWS=10000 $(MAKE) test PYTEST_ARGS="tests/system/test_poison.py -s --timeout 0" || failed=1; \
	MAIL_OUTAGE_SECONDS=600 $(MAKE) test PYTEST_ARGS="tests/system/test_mail_outage.py -s --timeout 0" || failed=1; \
	ABANDONED_CARTS=10000 EXPIRED_ORDERS=1000 $(MAKE) test PYTEST_ARGS="tests/system/test_clearing.py -s --timeout 0" || failed=1; \
	WALK_STEPS=2000 WALK_SEEDS=1,2,3 $(MAKE) test PYTEST_ARGS="tests/system/test_random_walk.py -s --timeout 0" || failed=1; \
	VALKEY_AWAY_SECONDS=30 $(MAKE) test PYTEST_ARGS="tests/system/test_valkey_away.py -s --timeout 0" || failed=1; \
	EVERYTHING_KILLED=20 FROZEN_SECONDS=20 $(MAKE) test PYTEST_ARGS="tests/system/test_database_faults.py -s --timeout 0" || failed=1; \
	FUZZ_TRIES=20 $(MAKE) test PYTEST_ARGS="tests/test_fuzz.py --timeout 0" || failed=1; \
	CODE_GUESSES=1000 $(MAKE) test PYTEST_ARGS="tests/races/test_promotions.py --timeout 0" || failed=1; \
	PRICING_EXAMPLES=10000 $(MAKE) test PYTEST_ARGS="market/pricing/tests/test_properties.py --timeout 0" || failed=1; \
	SIMULATED_INVOICES=all SIMULATED_CARTS=1000 $(MAKE) test PYTEST_ARGS="tasks/operations/tests/test_simulations_of_the_sample.py -s --timeout 0" || failed=1; \
	$(MAKE) fuzz || failed=1; \
	exit $$failed

coverage: $(VENV)/.test ## Run the suite and report the lines that no test reaches
	@exec $(PY) -m storefront.embedded with-servers -- $(PY) -m pytest --create-db --cov --cov-report=term:skip-covered --cov-report=html $(PYTEST_ARGS)

check: $(VENV)/.test ## What to run before a commit: format, lint, import contracts, migrations, OpenAPI drift
	@echo "== format"
	@$(PY) -m ruff format --check .
	@echo "== lint"
	@$(PY) -m ruff check .
	@echo "== import contracts"
	@PYTHONPATH=. $(VENV)/bin/lint-imports --no-cache
	@echo "== migrations"
	@DJANGO_SETTINGS_MODULE=storefront.settings.testing $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@echo "== OpenAPI"
	@$(MAKE) openapi OPENAPI_FILE=$(VENV)/openapi.yaml
	@diff -u docs/openapi.yaml $(VENV)/openapi.yaml || { echo "docs/openapi.yaml is behind the code: run make openapi and look at the difference"; exit 1; }
	@echo "All checks passed."

format: $(VENV)/.test ## Format and mend what can be mended
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

migrations: $(VENV)/.test ## Write the migrations that the models ask for
	@DJANGO_SETTINGS_MODULE=storefront.settings.testing $(PY) -W ignore::RuntimeWarning manage.py makemigrations

OPENAPI_FILE ?= docs/openapi.yaml
openapi: $(VENV)/.test ## Write docs/openapi.yaml from the code
	@DJANGO_SETTINGS_MODULE=storefront.settings.testing $(PY) manage.py spectacular --validate --fail-on-warn --file $(OPENAPI_FILE)

manage: $(VENV)/.runtime ## A management command on the running shop: make manage ARGS="doctor"
	@exec $(PY) -m storefront.embedded manage $(ARGS)

psql: $(VENV)/.runtime ## A SQL shell on the running shop
	@exec $(PY) -m storefront.embedded psql

install: $(VENV)/.runtime ## Only install what `make run` needs

lock: $(VENV)/.test ## Pin the newest versions that requirements/*.in allow
	@$(PIP) install -q -r requirements/development.txt
	@cd requirements && for name in runtime embedded s3 opensearch test load development; do \
		echo "== $$name"; ../$(VENV)/bin/uv pip compile --universal --python-version 3.11 -q --no-header --upgrade $$name.in -o $$name.txt || exit 1; done

clean: ## Remove the virtual environment and everything that tools have left
	rm -rf $(VENV) .pytest_cache .ruff_cache .import_linter_cache .hypothesis htmlcov .coverage staticfiles
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-data: ## Remove the shop's data: database, mails, admin password
	@$(PY) -m storefront.embedded remove-data

# --- Installation: each stamp is older than the pins it was made from, or the step runs again --------

$(PY):
	@test -w . || { echo "Cannot start: $$(pwd) is not writable for $$(id -un); clone into a folder of your own."; exit 1; }
	@found=; for python in $(PYTHON) python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; done; \
	test -n "$$found" || { echo "Cannot start: Python 3.11 or newer is needed; name it with make PYTHON=/path/to/python3."; exit 1; }; \
	echo "Making $(VENV) with $$($$found --version)"; \
	$$found -m venv $(VENV) || { rm -rf $(VENV); echo "Cannot start: $$found has no venv module; on Debian install python3-venv."; exit 1; }

$(VENV)/.runtime: $(PINS) | $(PY)
	@test -w $(VENV) || { echo "Cannot start: $$(pwd)/$(VENV) is not writable for $$(id -un); clone into a folder of your own."; exit 1; }
	@echo "Installing the packages of the shop"
	@$(PIP) install -r requirements.txt
	@touch $@

$(VENV)/.load: requirements/load.txt $(VENV)/.runtime
	@echo "Installing the packages of the load tests"
	@$(PIP) install -r requirements.txt -r requirements/load.txt
	@touch $@

$(VENV)/.test: requirements/test.txt requirements/load.txt $(VENV)/.runtime
	@echo "Installing the packages of the test suite"
	@$(PIP) install -r requirements.txt -r requirements/test.txt -r requirements/load.txt
	@touch $@
