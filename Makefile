# Two commands on a fresh clone: `make app` and `make test`. Both set up `.venv` first; Python 3.11 or newer is all
# they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.ready-dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: app test demonstrations lint clean

app: $(READY)
	$(BIN)/python app.py $(ARGS)

# A file of tests stays on one core: what is set up for it once serves all of it.
test: $(DEV_READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

# The demonstrations of the reference code that train for more than some seconds: minutes, so not upon every change.
demonstrations: $(DEV_READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile -m long tests/code $(ARGS)

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 app")'
	$(PYTHON) -m venv $(VENV)

# torch first and by itself: its version is pinned in constraints.txt, and a bare `torch` would bring CUDA.
$(READY): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Setting up $(VENV) (the first time takes some minutes) …"
	$(PIP) torch
	$(PIP) --editable .
	@touch $@

$(DEV_READY): $(READY)
	$(PIP) --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
