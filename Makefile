# The commands of the project.  They need Python 3.10 to 3.13 and make, nothing else:
# the first one makes .venv and installs into it.
#
#   make demo        annotate the sample video (installs ferpipe)
#   make test        run the quick tests (installs the development tools too)
#   make test-slow   run the tests that take longer
#   make check       lint, format, types, layers
#   make audit       look the installed packages up in the list of known vulnerabilities (needs the internet)
#   make package     build the distribution and try it in an empty environment
#   make docs        write what is made from the code: the reference, and the schema of pipelines
#   make picture     annotate the README's picture anew
#   make clean       remove .venv and everything that was made

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow check audit package docs picture clean

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

demo: $(VENV)/.ready
	$(RUN) -m ferpipe run pipelines/demo.yaml --overwrite

test: $(VENV)/.ready-dev
	$(RUN) -m pytest -q -n 2 -m "not slow"

# Windows are shown on an X server without a screen where there is no other.
DESKTOP := $(if $(DISPLAY),,$(shell command -v xvfb-run >/dev/null && echo xvfb-run --auto-servernum))

# What is packed is tried by `make package`, which would be done twice here.
test-slow: $(VENV)/.ready-dev
	$(DESKTOP) $(RUN) -m pytest -q -n 2 -m slow --ignore=tests/packaging

check: $(VENV)/.ready-dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy --strict
	$(VENV)/bin/lint-imports --no-cache

# Strict: a package that could not be looked up is a failure, and not a clean bill.
audit: $(VENV)/.ready-dev
	$(RUN) -m pip freeze --exclude-editable > $(VENV)/audited.txt
	$(VENV)/bin/pip-audit --strict --no-deps --disable-pip --requirement $(VENV)/audited.txt

package: $(VENV)/.ready-dev
	rm -rf dist
	$(RUN) -m build --outdir dist
	FERPIPE_DIST=dist $(RUN) -m pytest -q -m slow tests/packaging

docs: $(VENV)/.ready-dev
	$(RUN) -m ferpipe schema --output pipelines/schema.json
	$(RUN) -m docs.reference

picture: $(VENV)/.ready
	$(RUN) docs/make_picture.py
	$(RUN) docs/make_pose_picture.py

clean:
	rm -rf $(VENV) dist out .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "ferpipe needs Python 3.10 or newer: make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip

$(VENV)/.ready: pyproject.toml | $(VENV)/bin/python
	@echo "Installing ferpipe into $(VENV) (about 650 MB, once)"
	$(PIP) --editable .
	@touch $@

$(VENV)/.ready-dev: pyproject.toml | $(VENV)/bin/python
	@echo "Installing ferpipe and its development tools into $(VENV) (about 3 GB with TensorFlow, once)"
	$(PIP) --editable '.[dev]'
	@touch $(VENV)/.ready $@
