# Needs: Python >= 3.11 with venv and pip, and make. Choose another Python with `make setup PYTHON=python3.12`.
PYTHON ?= python3
PY := .venv/bin/python
LOCK := .venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --quiet $(LOCK_ARGS)

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test check fmt bench prove docs lock clean python-ok

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: python-ok ## Install what the program needs into .venv
	@$(PYTHON) requirements/install.py runtime

setup-dev: python-ok ## Install what developing needs into .venv as well
	@$(PYTHON) requirements/install.py dev

demo: setup ## Show the whole bot without a token or network (ARGS="...")
	@.venv/bin/carebot demo $(ARGS)

test: setup-dev ## Run the tests (ARGS="-k name ...")
	@$(PY) -m pytest $(ARGS)

check: setup-dev ## Check style, types and who imports whom
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy .
	@.venv/bin/lint-imports

fmt: setup-dev ## Put the code in shape
	@$(PY) -m ruff check --fix --quiet . || true
	@$(PY) -m ruff format .

bench: setup-dev ## Measure the goals on this machine (ARGS="--rounds 3 --part points")
	@$(PY) -m benchmarks $(ARGS)

prove: setup-dev ## Show a promise being kept (NAME=..., without it: the list)
	@$(PY) -m tests.proofs $(NAME)

docs: setup-dev ## Make the pages that come from the program, and check that every link leads somewhere
	@$(PY) docs/make_configuration.py
	@$(PY) docs/make_permissions.py
	@$(PY) docs/make_staff_commands.py
	@$(PY) -m pytest -q tests/test_docs.py

lock: setup-dev ## Renew the locked requirements from pyproject.toml (LOCK_ARGS=--upgrade)
	@echo "carebot: resolving the requirements ..."
	@.venv/bin/pip --disable-pip-version-check install -q "uv>=0.9"
	@$(LOCK) --extra build -o requirements/runtime.txt
	@$(LOCK) --extra build --extra dev -c requirements/runtime.txt -o requirements/dev.txt

clean: ## Remove .venv and everything else that was made
	@rm -rf .venv .venv.lock build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

python-ok:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "carebot needs Python 3.11 or newer; '$(PYTHON)' is not: try  make setup PYTHON=python3.12" >&2; exit 1; }
