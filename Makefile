# The commands of this project. `make help` lists them. Needed beforehand: Python 3.11 or newer, and make.
# PYTHON=/path/to/python3.12 chooses the interpreter, VENV=folder the environment, STORE=folder the results, WORKERS=n the processes of the tests.

SHELL := /bin/sh
PYTHON ?=
CANDIDATES := $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3 python)
VENV ?= .venv
STORE ?= results
WORKERS ?= 2
VERSIONS := 3.11 3.12 3.13

IN := "$(VENV)/bin/python"
RNNLAB := "$(VENV)/bin/rnnlab"
INSTALL := $(IN) -m pip install -qq --disable-pip-version-check
STAMP := $(VENV)/made-from-lock

.PHONY: help demo test test-all soak lint check bench docs dist lock clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'

demo: $(STAMP) ## run the flagship experiment, print its verdicts, draw its figure
	@$(RNNLAB) run experiments/vanishing-exploding.toml --store "$(STORE)"
	@$(RNNLAB) show vanishing-exploding --store "$(STORE)"
	@$(RNNLAB) plot vanishing-exploding --store "$(STORE)" -o figures/vanishing-exploding
	@echo
	@echo "tables    $(STORE)/vanishing-exploding/   pandas.read_parquet(\"$(STORE)/vanishing-exploding/gradients\")"
	@echo "record    $(STORE)/vanishing-exploding/manifest.json"
	@echo "question  experiments/vanishing-exploding.toml"
	@echo "rnnlab    . $(VENV)/bin/activate   and then: rnnlab --help"

test: $(STAMP) ## run the whole test suite
	@$(IN) -m pytest -n $(WORKERS) --dist worksteal

test-all: ## run the whole suite under each Python of 3.11, 3.12 and 3.13 that is here
	@for version in $(VERSIONS); do \
		if "python$$version" -c '' >/dev/null 2>&1; then \
			$(MAKE) --no-print-directory test PYTHON="python$$version" VENV=".venv-$$version" || exit 1; \
		else echo "Python $$version is not here: not tested" >&2; fi; \
	done

soak: $(STAMP) ## run the fault tests in their long form, and print their numbers
	@RNNLAB_SOAK=1 $(IN) -m pytest tests/faults tests/test_verify.py -s

lint: $(STAMP) ## check style, types and the floors of the house
	@$(IN) -m ruff check .
	@$(IN) -m ruff format --check .
	@$(IN) -m mypy
	@"$(VENV)/bin/lint-imports"

check: lint test ## everything that CI checks

bench: $(STAMP) ## measure rnnlab beside NumPy, PyTorch and JAX (where installed); writes benchmarks/README.md
	@$(IN) -m benchmarks

docs: $(STAMP) ## build the documentation; its first page is docs/_build/html/index.html
	@$(IN) docs/make_reference.py
	@$(IN) -m sphinx --fail-on-warning --keep-going --nitpicky --quiet --doctree-dir docs/_build/doctrees docs docs/_build/html

dist: $(STAMP) ## build wheel and sdist into dist/, and try each in a clean environment
	@rm -rf dist
	@$(IN) -m build --no-isolation >/dev/null
	@$(IN) tests/installed.py dist/*

lock: ## renew requirements.lock (needs uv; see CONTRIBUTING.md)
	@uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --fork-strategy fewest --upgrade \
		--generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements.lock

clean: ## remove the environment and all caches; results stay
	@rm -rf "$(VENV)" .venv-3.* build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements.lock pyproject.toml
	@python=; for candidate in $(CANDIDATES); do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "rnnlab needs Python 3.11 or newer; tried:" $(CANDIDATES) >&2; \
		echo "Install one and run the same command again, or name it: make demo PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	echo "Making the environment $(VENV) with $$("$$python" --version) from requirements.lock (once; about a minute)" >&2; \
	if ! "$$python" -m venv --clear "$(VENV)"; then \
		echo "$$python cannot make virtual environments: install its venv module (on Debian and Ubuntu: apt install python3-venv)." >&2; \
		exit 1; \
	fi
	@$(INSTALL) --require-hashes --only-binary :all: --requirement requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch "$@"
