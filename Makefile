# make demo   set everything up, build the demo site, serve it
# make test   set everything up, run all checks and tests
# also: js wheel site lint bench clean lock

PORT ?= 8000
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DIST := src/panel_neuroglancer/dist
JS_SOURCES := $(shell find js -path js/node_modules -prune -o -type f -print)

.PHONY: demo test js wheel site lint bench clean lock unit browser-tests
.DELETE_ON_ERROR:

js: $(DIST)/engine.json

$(VENV)/.done: .ci/requirements.txt pyproject.toml
	@echo "== Python packages"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

js/node_modules/.done: js/package.json js/package-lock.json
	@echo "== npm packages"
	cd js && npm ci --no-fund --no-audit --loglevel=error
	@touch $@

$(DIST)/engine.json: js/node_modules/.done $(JS_SOURCES)
	@echo "== JavaScript"
	cd js && node build.mjs
