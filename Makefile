# make demo   set everything up, build the gallery, serve it and print its address
# make test   set everything up, run all checks and tests
#
# make lite   build the site of notebooks (JupyterLite)
#
# Single steps: js data site wheel lint unit browser-tests bench screenshot lock clean

PORT ?= 8000
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DIST := src/panel_neuroglancer/dist
SITE := build/site
LITE := build/lite
NOTEBOOKS := $(shell find lite/notebooks -type f)
DATA := build/data/mni152
# In the order of the index.
GALLERY := lite/apps/brain.py $(addprefix lite/gallery/, fibres.py heart.py synapses.py denoise.py nuclei.py)
GALLERY_PARTS := lite/notebooks/neuropil.py $(filter-out $(GALLERY), $(wildcard lite/gallery/* lite/gallery/thumbs/*))

JS_SOURCES := js/package.json js/tsconfig.json $(wildcard js/*.mjs) $(shell find js/src js/licences -type f)
PY_SOURCES := $(shell find src -path $(DIST) -prune -o -type f -not -name '*.pyc' -print)

.PHONY: demo test lite js data site wheel lint unit browser browser-tests bench screenshot lock clean
.DELETE_ON_ERROR:

demo: site
	@$(BIN)/panel-neuroglancer serve $(SITE) --port $(PORT)

test: lint unit browser-tests
	@echo "All checks and tests passed."

js: $(DIST)/engine.json
data: $(DATA)/build.json
site: $(SITE)/.done

$(VENV)/.done: .ci/requirements.txt pyproject.toml
	@echo "== Python packages (a minute on the first run)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --require-hashes -r .ci/requirements.txt
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Not `npm ci`: it insists on packages for other platforms, which not every registry mirror has. The lock file still rules.
js/node_modules/.done: js/package.json js/package-lock.json
	@echo "== npm packages"
	@cd js && npm install --no-save --no-fund --no-audit --loglevel=error
	@touch $@

$(DIST)/engine.json: js/node_modules/.done $(JS_SOURCES)
	@echo "== JavaScript: the viewer engine"
	@cd js && node build.mjs

$(DATA)/build.json: $(VENV)/.done lite/data/mni152.py
	@echo "== Demo data: the MNI152 brain"
	@$(BIN)/python lite/data/mni152.py --out $(DATA)
	@touch $@

$(SITE)/.done: $(VENV)/.done $(DIST)/engine.json $(DATA)/build.json $(PY_SOURCES) $(GALLERY) $(GALLERY_PARTS)
	@echo "== Gallery"
	@$(BIN)/panel-neuroglancer convert $(GALLERY) --to pyodide-worker --out $(SITE) --index none \
	    --data $(DATA):data/mni152 --data lite/gallery/thumbs:thumbs
	@$(BIN)/python lite/gallery/index.py $(SITE) $(GALLERY)
	@touch $@

lite: $(LITE)/.done
	@echo "$(LITE): look at it with \`$(BIN)/panel-neuroglancer serve $(LITE)\`"

$(LITE)/.done: $(VENV)/.done $(DIST)/engine.json $(DATA)/build.json $(PY_SOURCES) lite/requirements.txt $(NOTEBOOKS)
	@echo "== Site of notebooks"
	@rm -rf build/contents && mkdir -p build/contents && cp -r lite/notebooks/. build/contents
	@mkdir -p build/contents/data && cp -r $(DATA) build/contents/data/mni152
	@$(BIN)/panel-neuroglancer lite --contents build/contents --requirements lite/requirements.txt --out $(LITE) --max-size 60
	@touch $@

wheel: $(VENV)/.done $(DIST)/engine.json
	@rm -rf build/wheel
	@$(BIN)/python -m build --no-isolation --outdir build/wheel .

lint: $(VENV)/.done js/node_modules/.done
	@echo "== Lint and types"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd js && npm run --silent lint

unit: $(VENV)/.done $(DIST)/engine.json $(DATA)/build.json
	@echo "== Unit tests"
	cd js && npm test --silent
	$(BIN)/pytest tests

# Debian's Chromium where apt can give it, Playwright's own elsewhere; and Debian's Firefox and WebKit for a look.
browser: $(VENV)/.done
	@command -v chromium chromium-browser >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "== Chromium" \
	       && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
	  || $(BIN)/playwright install chromium
	@{ command -v firefox-esr && command -v WebKitWebDriver && command -v Xvfb; } >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "== Firefox and WebKit" \
	       && apt-get update -qq && apt-get install -y -qq firefox-esr webkit2gtk-driver xvfb libgl1-mesa-dri >/dev/null; } \
	  || echo "No Firefox and WebKit of Debian's: what runs in them is left out."

browser-tests: browser unit site lite wheel
	@echo "== Browser tests"
	$(BIN)/pytest playwright

# Takes an hour or so; BENCH_SEGMENTATION=… names a .npy or .ckl file with labels to use instead of synthetic ones.
bench: browser site
	@$(BIN)/python playwright/bench/first_chunk.py
	@$(BIN)/python playwright/bench/sites.py
	@$(BIN)/python playwright/bench/lite.py
	@$(BIN)/python playwright/bench/volumes.py
	@$(BIN)/python playwright/bench/state.py
	@$(BIN)/python playwright/bench/report.py

screenshot: browser site
	@$(BIN)/python playwright/bench/screenshot.py

lock:
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra site --extra lite --extra dev --universal --python-version 3.11 \
	    --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade -o .ci/requirements.txt
	cd js && npm install --package-lock-only

clean:
	rm -rf build $(DIST) $(VENV) js/node_modules
