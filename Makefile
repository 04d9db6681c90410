# Two commands for a new user: `make demo` and `make test`. The rest is for developers.
#
#   make demo PYTHON=python3.12      another Python (3.11 or later)
#   make demo TORCH_INDEX=URL        take torch and torchvision from this wheel index (README: CPU only)

PYTHON ?= python3
VENV ?= .venv
TORCH_INDEX ?=

bin := $(VENV)/bin
pip := $(bin)/python -m pip --disable-pip-version-check
system := $(shell uname -s)

# Sleeping threads instead of spinning ones: a busy machine answers clicks several times faster.
export GOMP_SPINCOUNT ?= 1000

# GUI tests move a real mouse, so on Linux they always get a screen of their own.
screen := xvfb-run --auto-servernum --server-args="-screen 0 1600x1000x24 -nolisten tcp"
ifeq ($(system),Linux)
  in_virtual_display := LIBGL_ALWAYS_SOFTWARE=1 XDG_SESSION_TYPE=x11 QT_QPA_PLATFORM=xcb $(screen)
  ifeq ($(strip $(DISPLAY)$(WAYLAND_DISPLAY)),)
    demo := $(in_virtual_display) $(bin)/python examples/demo.py --virtual
    demo_libraries := --virtual
  endif
endif
demo ?= $(bin)/python examples/demo.py

.PHONY: help demo test test-fast test-long test-on-screen test-without-screen lint types format clean demo-libraries test-libraries

help:
	@echo "make demo       install and open napari with the panel on a sample image"
	@echo "make test       the test suite, GUI tests included (under 15 minutes)"
	@echo "make test-fast  the tests that need neither a display nor much time (about a minute)"
	@echo "make test-long  all tests, the long ones too"
	@echo "make lint       style, import rules and the plugin's manifest"
	@echo "make types      type check"
	@echo "make format     put the style right"
	@echo "make clean      remove the environment and what tools left behind"

demo: demo-libraries $(VENV)/.installed
	$(demo)

# Tests that need the screen take about half of the time, so the others run beside them.
test: which := and not long
test test-long: test-libraries $(VENV)/.installed-for-tests
	+@$(MAKE) --no-print-directory --keep-going --jobs 2 test-on-screen test-without-screen which="$(which)"

test-on-screen:
	$(in_virtual_display) $(bin)/python -m pytest -m "gui $(which)"

test-without-screen:
	$(bin)/python -m pytest -m "not gui $(which)"

test-fast: $(VENV)/.installed-for-tests
	$(bin)/python -m pytest -m "not slow and not gui"

lint: $(VENV)/.installed-for-tests
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/lint-imports
	$(bin)/npe2 validate napari-fcfi

types: $(VENV)/.installed-for-tests
	$(bin)/mypy

format: $(VENV)/.installed-for-tests
	$(bin)/ruff check --fix
	$(bin)/ruff format

demo-libraries:
	@scripts/system-libraries.sh $(demo_libraries)

test-libraries:
	@scripts/system-libraries.sh --virtual

# Stamps lie inside the environment: whoever removes it starts afresh.
$(VENV)/.pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or later is needed, $(PYTHON) is older: say which one, e.g. make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(pip) install --quiet --upgrade pip
ifneq ($(strip $(TORCH_INDEX)),)
	$(pip) install --index-url $(TORCH_INDEX) torch torchvision
endif
	@touch $@

$(VENV)/.installed: $(VENV)/.pip pyproject.toml
	@echo "Installing napari and torch: some minutes, and several gigabytes unless torch is a CPU build."
	$(pip) install --quiet --editable ".[all]"
	@touch $@

$(VENV)/.installed-for-tests: $(VENV)/.installed
	$(pip) install --quiet --group dev --group training
	@touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
