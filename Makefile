PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed

.PHONY: demo up down test faults faults-long bench bench-long check lock schemas clean

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: $(READY)
	$(BIN)/python -m infra.demo

up: $(READY)
	$(BIN)/backline up

down: $(READY)
	$(BIN)/backline down

test: $(READY)
	$(BIN)/pytest

faults: $(READY)
	$(BIN)/python -m tests.faults

faults-long: $(READY)
	$(BIN)/python -m tests.faults --profile long --results var/faults/long.jsonl

bench: $(READY)
	$(BIN)/python -m tests.bench

bench-long: $(READY)
	$(BIN)/python -m tests.bench --long

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/backline schemas check

lock: $(READY)
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11 --extra local --extra dev --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11 --constraint requirements.lock --output-file requirements.runtime.lock pyproject.toml infra/docker/build.in

schemas: $(READY)
	$(BIN)/backline schemas export

clean:
	rm -rf $(VENV) var
