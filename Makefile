# Everything here sets itself up: nothing but Python 3.11+ and make is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DATA ?=
JOBS ?= 2

.PHONY: setup run demo test lint bench soak lock clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"CONTINUUM needs Python 3.11 or newer; this is {v.major}.{v.minor}. Try: make PYTHON=python3.12 setup")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $(STAMP)

run: setup
	@$(BIN)/continuum serve

demo: setup
	@$(BIN)/continuum demo

test: setup
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m pytest -n $(JOBS) --cov --cov-report=term:skip-covered -m "not soak"

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/python -m benchmarks $(if $(DATA),--data $(DATA),)

soak: setup
	@$(BIN)/python -m pytest -m soak --timeout 7200

# Re-resolves the pinned set; needs `uv`, which nobody else does.
lock:
	uv pip compile pyproject.toml --extra server --extra embeddings --extra test --extra lint \
	  --generate-hashes --universal --no-header --no-annotate -p 3.11 -o requirements.lock requirements.build.in

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage .coverage.*
