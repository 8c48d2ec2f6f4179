# Each target sets up whatever it needs; a machine needs python3 with pip, make, and a package index.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test chaos check bench lab notebooks docs pins clean

PYTHON := $(shell cat .python-version)
UV_VERSION := 0.13.9
UV_OLDEST := 0.10.0
UV := .tools/bin/uv
BIN := .venv/bin
READY := .venv/.ready
CHROMIUM := .tools/chromium
TEST_FLAGS ?= -q -n 3
LAB_FLAGS ?= $(if $(filter 0,$(shell id -u)),--allow-root)

# uv looks for interpreters on PATH; pyenv's may not be there.
PYENV_ROOT ?= $(HOME)/.pyenv
export PATH := $(PATH):$(subst $() ,:,$(wildcard $(PYENV_ROOT)/versions/$(PYTHON)*/bin))

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## See The Brain work: a request becomes a pipeline, runs, and is remembered.
	@$(BIN)/brain demo

test: $(READY) $(CHROMIUM) ## Run the tests; TEST_FLAGS="-x -k name" narrows them.
	@$(BIN)/pytest $(TEST_FLAGS)

chaos: $(READY) ## Kill at random 200 times, and count what is lost or done twice; CHAOS_FLAGS="--kills 20 --seed 1".
	@$(BIN)/python tests/chaos.py $(CHAOS_FLAGS)

check: $(READY) ## Check format, style, types, and that imports run downward.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) ## Measure against other libraries; NAME=executor takes one benchmark.
	@$(BIN)/python -m benchmarks $(NAME)

lab: $(READY) ## Open JupyterLab in notebooks/.
	@$(BIN)/jupyter lab --ServerApp.root_dir=notebooks $(LAB_FLAGS)

notebooks: $(READY) ## Run the notebooks anew, and keep what they show.
	@$(BIN)/python tests/run_notebooks.py

docs: $(READY) ## Make docs/tools-reference.md from tools.json anew.
	@$(BIN)/brain tools docs --tools tools.json --out docs/tools-reference.md --overwrite

pins: $(UV) ## Resolve pyproject.toml into requirements.txt anew; PINS_FLAGS=--upgrade takes newer versions.
	$(UV) pip compile pyproject.toml --quiet --all-extras --group dev --universal --python-version $(PYTHON) \
		--no-annotate --no-header --no-emit-index-url --output-file requirements.txt $(PINS_FLAGS)
	cd benchmarks/peers && ../../$(UV) pip compile requirements.in --quiet --universal --python-version $(PYTHON) \
		--no-annotate --no-header --no-emit-index-url --output-file requirements.txt $(PINS_FLAGS)

clean: ## Remove what the other targets installed; .brain/ and outputs/ stay.
	@if [ -x $(BIN)/brain ]; then $(BIN)/brain down >/dev/null 2>&1 || true; fi
	rm -rf .venv .tools benchmarks/.venv-peers .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# A .venv of the right Python is kept: services and kernels may be running out of it.
$(READY): requirements.txt pyproject.toml .python-version | $(UV)
	@if ! $(BIN)/python --version 2>/dev/null | grep -qF "Python $(PYTHON)."; then \
		$(UV) venv --quiet --clear --python $(PYTHON) .venv || { \
			echo "Python $(PYTHON) is not on PATH and could not be fetched: install it and run make again." >&2; exit 3; }; \
	fi
	@echo "Installing what requirements.txt pins into .venv"
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --compile-bytecode -r requirements.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Holds where the browser is that the tests use; looked for anew where that one has gone.
ifeq ($(wildcard $(shell cat $(CHROMIUM) 2>/dev/null)),)
.PHONY: $(CHROMIUM)
endif
$(CHROMIUM): $(READY)
	@mkdir -p $(@D)
	@$(BIN)/python tests/provide_chromium.py > $@

$(UV):
	@mkdir -p $(@D)
	@found=$$(command -v uv) && have=$$(uv --version | awk '{print $$2}') \
		&& [ "$$(printf '%s\n' $(UV_OLDEST) "$$have" | sort -V | head -n 1)" = $(UV_OLDEST) ] \
		&& ln -sf "$$found" $@ \
		|| $(MAKE) --no-print-directory .tools/install-uv

.PHONY: .tools/install-uv
.tools/install-uv:
	@echo "Installing uv $(UV_VERSION) into .tools"
	@if python3 -m venv --clear .tools/python >/dev/null 2>&1; then \
		.tools/python/bin/python -m pip install --quiet uv==$(UV_VERSION) && ln -sf ../python/bin/uv $(UV); \
	else \
		rm -rf .tools/python && python3 -m pip install --quiet --target .tools/python uv==$(UV_VERSION) \
			&& ln -sf ../python/bin/uv $(UV); \
	fi || { echo "uv could not be installed: python3 needs venv or pip, and a package index to reach." >&2; exit 3; }
