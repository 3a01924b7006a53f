# make demo               installs the package and cleans a sample page
# make test               ruff, mypy, pytest
# make test-integrations  tests of the integrations with other packages
# make quality            the quality gate, where its data is
# make rules              recompiles the rule packs
# make model              trains the model
# make docs               builds the documentation into site/
# make coverage           the tests' coverage, against a floor in pyproject.toml
# make oldest             the tests with the oldest versions of what the package depends on
# make pythons            the tests on every supported Python that is here
# make dist               wheel and sdist, each installed into an empty environment and used
# make clean              removes what the other targets made

PYTHON ?= python3
DATA ?= ../shared/data
SAMPLE ?= fixtures/sample.txt
EPOCHS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check

# Some tests bound the time that things take; on a busy machine they can miss it, so what failed is run once more, alone.
PYTEST := $(BIN)/python -m pytest -q

.DELETE_ON_ERROR:
.PHONY: demo test test-integrations chromium quality rules model docs coverage properties oldest pythons dist clean

demo: $(VENV)/installed
	$(BIN)/boilerstrip explain $(SAMPLE)
	@printf '\n%s\n\n' '---- the story, as `boilerstrip clean $(SAMPLE)` prints it ----'
	@$(BIN)/boilerstrip clean $(SAMPLE)

test: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) --ignore=tests/integrations || $(PYTEST) --ignore=tests/integrations --last-failed

test-integrations: $(VENV)/installed-dev $(VENV)/installed-integrations chromium
	@if [ -d tests/integrations ]; then $(PYTEST) tests/integrations || $(PYTEST) tests/integrations --last-failed; \
	else echo 'There are no integrations to test yet.'; fi

# The browser of the report's tests, which are skipped without it.
chromium:
	@if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  { apt-get update -qq && apt-get install -y -qq chromium chromium-driver; } >/dev/null 2>&1 || echo 'Chromium could not be installed: its tests are skipped.'; \
	else echo 'No Chromium here, and it is installed only with apt-get and as root: its tests are skipped.'; fi

ifneq ($(wildcard $(DATA)),)
quality: $(VENV)/installed-bench
	$(BIN)/python -m boilerstrip.train.gate $(DATA)

model: $(VENV)/installed-train
	$(BIN)/boilerstrip train --data $(DATA) --out boilerstrip/weights $(if $(EPOCHS),--epochs $(EPOCHS))
else
quality:
	@echo 'No data at $(DATA): the quality gate is not run (name its folder with DATA=).'

model:
	@echo 'No data at $(DATA): name its folder with DATA=.' >&2; exit 1
endif

rules: $(VENV)/installed
	$(BIN)/python -m boilerstrip.train.rules

docs: $(VENV)/installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build -q --strict

# What bounds time or looks at the repository says nothing about coverage, versions and Pythons.
PLAIN := --ignore=tests/integrations --ignore=tests/guarantees/test_attacks.py --ignore=tests/guarantees/test_speed.py

coverage: $(VENV)/installed-dev
	$(PYTEST) $(PLAIN) --cov --cov-report=term:skip-covered

properties: $(VENV)/installed-dev  # some twelve minutes on one core
	PROPERTY_EXAMPLES=20000 $(PYTEST) tests/guarantees/test_properties.py

oldest: $(VENV)-oldest/installed-dev
	$(VENV)-oldest/bin/python -m pytest -q $(PLAIN)

$(VENV)-oldest/installed-dev: tests/oldest.txt pyproject.toml
	$(MAKE) $(VENV)-oldest/made VENV=$(VENV)-oldest
	$(VENV)-oldest/bin/python -m pip install -q --disable-pip-version-check -e '.[dev]' -c tests/oldest.txt
	@touch $@

# pyenv offers a Python by its name only when it is chosen: all of them are.
pythons:
	@if command -v pyenv >/dev/null; then export PYENV_VERSION="$$(pyenv versions --bare | paste -sd:)"; fi; \
	for python in python3.11 python3.12 python3.13 python3.14; do \
	  if $$python -c '' 2>/dev/null; then \
	    echo "$$python"; $(MAKE) $(VENV)-$$python/installed-dev VENV=$(VENV)-$$python PYTHON=$$python \
	    && $(VENV)-$$python/bin/python -m pytest -q $(PLAIN) || exit 1; \
	  else echo "$$python is not here"; fi; \
	done

dist: $(VENV)/installed-dev
	rm -rf dist
	$(BIN)/python -m build -q
	@for package in dist/*.whl dist/*.tar.gz; do \
	  echo "$$package, in an empty environment"; rm -rf $(VENV)-empty; $(BIN)/python -m venv $(VENV)-empty \
	  && $(VENV)-empty/bin/python -m pip install -q --disable-pip-version-check $$package \
	  && $(VENV)-empty/bin/boilerstrip --version && (cd / && $(CURDIR)/$(VENV)-empty/bin/boilerstrip clean $(CURDIR)/$(SAMPLE) >/dev/null) \
	  || exit 1; \
	done; rm -rf $(VENV)-empty

clean:
	rm -rf $(VENV) $(VENV)-* build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find boilerstrip tests -name __pycache__ -type d -prune -exec rm -rf {} +

# PYTHON where it is new enough, else the first of these that is. The pip that comes with older Pythons cannot install some extras.
$(VENV)/made:
	@for python in $(PYTHON) python3.11 python3.12 python3.13 python3.14; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "$$python -m venv $(VENV)"; $$python -m venv $(VENV) && $(PIP) --upgrade pip && touch $@; exit; \
	  fi; \
	done; echo 'Python 3.11 or newer is needed: name one with PYTHON=.' >&2; exit 1

$(VENV)/installed: pyproject.toml $(VENV)/made
	$(PIP) -e .
	@touch $@

# The renderers that make raw text of the data's pages; the gate needs no PyTorch.
$(VENV)/installed-dev $(VENV)/installed-bench $(VENV)/installed-train $(VENV)/installed-integrations $(VENV)/installed-docs: $(VENV)/installed-%: $(VENV)/installed
	$(PIP) -e '.[$*]'
	@touch $@
