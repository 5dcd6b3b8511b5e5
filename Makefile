# Two commands do all the set-up: `make demo` runs the main job, `make test` runs every test.
# They need Python 3.11 or newer with venv; what else is needed goes into $(VENV).
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PICTURE ?= tests/pictures/house.jpg

.PHONY: demo test

demo: $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check .
	@mkdir -p demo
	$(BIN)/semenc $(PICTURE) --thumbnail-bytes 60 --force --output demo/picture.sem
	$(BIN)/seminfo demo/picture.sem
	$(BIN)/semcat demo/picture.sem
	$(BIN)/semdec demo/picture.sem --force --output demo/picture.png
	@echo "$(PICTURE) is now demo/picture.sem, and demo/picture.png is what that file shows."

test: $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,train,bench,openai]'
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tools.validate_registry
	$(BIN)/python -m pytest --cov --cov-report=term

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
