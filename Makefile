# Two commands do everything on a fresh machine with Python, git and make:
#   make run     the whole shop on this machine, with simulated rooms
#   make test    everything that is tested, with what that needs

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
HASS := .venv-home-assistant
HASS_STAMP := $(HASS)/.installed
HW := .venv-hardware
HW_STAMP := $(HW)/.installed
NODE_RED := .node-red
NODE_RED_STAMP := $(NODE_RED)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run test check bench soak drill attack model icons messages sbom screenshots home-assistant node-red box docs hardware-files hardware-models hardware kicad boxes slicer tools clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 16

run: $(RUN_STAMP) ## the whole shop here (options: make run ARGS="--busy --rooms 20")
	@exec $(BIN)/overdoor demo $(ARGS)

test: tools check ## all tests but the long ones below (options: make test ARGS="-k lifecycle")
	$(BIN)/pytest $(ARGS)

check: $(DEV_STAMP) ## style, types, structure: seconds
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file firmware/mypy.ini
	$(BIN)/lint-imports

bench: tools ## speed, beside a script and the bare broker in the same run (long: ARGS=--all)
	$(BIN)/python -m tests.bench $(ARGS)

soak: $(RUN_STAMP) ## the simulation, for as long as you say (make soak SECONDS=60 SEED=0)
	@$(BIN)/overdoor simulate --seconds $(or $(SECONDS),60) --seed $(or $(SEED),0)

drill: tools ## a very bad day on real parts, two minutes of it (longer: ARGS="--minutes 60")
	$(BIN)/python -m tests.drill $(ARGS)

attack: tools ## as somebody who means harm, for minutes (longer: OVERDOOR_ATTACKS=100000 OVERDOOR_ATTACK_SECONDS=600)
	OVERDOOR_ATTACKS=$${OVERDOOR_ATTACKS:-2000} OVERDOOR_ATTACK_SECONDS=$${OVERDOOR_ATTACK_SECONDS:-120} \
	  $(BIN)/pytest --timeout 7200 tests/attack $(ARGS)

model: ## button, receipt and lamp, checked by spin in all their orders
	@command -v spin >/dev/null && command -v cc >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing spin ..."; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq spin gcc libc6-dev >/dev/null; \
	  else \
	    echo "The model needs spin and a C compiler: install the Debian packages spin and gcc."; exit 1; \
	  fi; }
	@model/check.sh

icons: tools ## the icons in pixels, from their drawings
	$(BIN)/python -m tests.icons

screenshots: tools ## every page in every state, as pictures (some: ARGS="screenshots a_shift")
	$(BIN)/python -m tests.looks $(ARGS)

messages: $(DEV_STAMP) ## the catalogues brought up to date with what the pages say (docs/translating.md)
	$(BIN)/python -m tests.messages

home-assistant: tools $(HASS_STAMP) ## a real Home Assistant discovers a shop (in an environment of its own)
	$(BIN)/pytest -s tests/home_assistant/check_discovery.py $(ARGS)

box: $(DEV_STAMP) ## a Debian from nothing follows docs/installing.md, with a systemd of its own (wants root; minutes)
	@command -v mmdebstrap >/dev/null && command -v systemd-nspawn >/dev/null && command -v slirp4netns >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing mmdebstrap, systemd-container and slirp4netns ..."; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mmdebstrap systemd-container slirp4netns >/dev/null; \
	  else \
	    echo "The box needs root, and the Debian packages mmdebstrap, systemd-container and slirp4netns."; exit 1; \
	  fi; }
	$(BIN)/pytest -s tests/box/check_installing.py $(ARGS)

docs: $(DEV_STAMP) ## the documentation as a site, in build/docs; no link may lead nowhere
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

node-red: tools $(NODE_RED_STAMP) ## the example flow in a real Node-RED (wants node and npm)
	$(BIN)/pytest -s tests/node_red/check_flow.py $(ARGS)

hardware-files: tools ## wiring, parts, power, plates and bench sheet, made anew from their data
	$(BIN)/python -m hardware.tools check
	$(BIN)/python -m hardware.tools make

hardware: kicad boxes $(DEV_STAMP) ## what KiCad makes, and the boxes: made anew, judged, compared with what is committed (7 GB, minutes)
	$(BIN)/pytest -q tests/hardware
	$(BIN)/python -m hardware.tools board
	$(BIN)/pytest -q --timeout 300 tests/hardware/with_kicad.py

# KiCad 9 with its models, and graphviz. Installed by itself where that is possible.
kicad:
	@if ! kicad-cli version 2>/dev/null | grep -q '^9\.' || ! test -d /usr/share/kicad/3dmodels \
	  || ! command -v dot >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing KiCad 9 and graphviz ..."; hardware/tools/kicad/install.sh; \
	  else \
	    echo "This needs KiCad 9 (Debian: kicad, kicad-symbols, kicad-footprints, kicad-packages3d, of the backports) and graphviz."; exit 1; \
	  fi; \
	fi

hardware-models: $(HW_STAMP) slicer ## the boxes: STL, STEP, print times, pictures, made anew from their data
	$(HW)/bin/python -m hardware.enclosure make

boxes: $(HW_STAMP) slicer ## the part of make hardware that is about the boxes (2 GB)
	$(HW)/bin/python -m hardware.enclosure verify

# PrusaSlicer, and what draws without a screen. Installed by itself where that is possible.
slicer:
	@if ! command -v prusa-slicer >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing PrusaSlicer ..."; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prusa-slicer libegl1 libgl1-mesa-dri >/dev/null; \
	  else \
	    echo "The boxes need PrusaSlicer: install the Debian packages prusa-slicer and libegl1 first."; exit 1; \
	  fi; \
	fi

$(HW_STAMP): pyproject.toml
	@echo "Installing what the models need into $(HW) (2 GB) ..."
	@$(PYTHON) -m venv $(HW)
	@$(HW)/bin/python -m pip install -q --upgrade pip
	@$(HW)/bin/python -m pip install -q --group hardware
	@touch $@

# What the tests need beside Python. Installed by itself where that is possible.
tools: $(DEV_STAMP)
	@if ! command -v chromium >/dev/null || ! command -v dot >/dev/null \
	  || ! PATH="$$PATH:/usr/sbin" command -v mosquitto >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing mosquitto, chromium and graphviz, which the tests need ..."; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq mosquitto chromium graphviz >/dev/null; \
	  else \
	    echo "The tests need mosquitto, chromium and graphviz: install these Debian packages first."; exit 1; \
	  fi; \
	fi

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Overdoor needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { \
	  rm -rf $(VENV); \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing python3-venv ..."; \
	    apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null && $(PYTHON) -m venv $(VENV); \
	  else \
	    echo "Python's venv module is missing: install the package python3-venv first."; exit 1; \
	  fi; }
	@$(BIN)/python -m pip install -q --upgrade pip

$(RUN_STAMP): pyproject.toml $(VENV)/bin/python
	@echo "Installing Overdoor into $(VENV) ..."
	@$(BIN)/python -m pip install -q -e .
	@touch $@

$(DEV_STAMP): pyproject.toml $(VENV)/bin/python
	@echo "Installing Overdoor and what its tests need into $(VENV) ..."
	@$(BIN)/python -m pip install -q -e . --group dev
	@rm -rf $(VENV)/typings
	@$(BIN)/python -m pip install -q --no-compile --target $(VENV)/typings --group stubs
	@touch $@ $(RUN_STAMP)

$(NODE_RED_STAMP):
	@command -v npm >/dev/null || { echo "Node-RED needs node and npm: install them first."; exit 1; }
	@echo "Installing Node-RED into $(NODE_RED) ..."
	@npm install --silent --no-fund --no-audit --prefix $(NODE_RED) node-red
	@touch $@

# pip takes the newest that this Python can run: 2024.3.3 on 3.11.
$(HASS_STAMP): tests/home_assistant/needs.py
	@echo "Installing Home Assistant into $(HASS) ..."
	@rm -rf $(HASS)
	@$(PYTHON) -m venv $(HASS)
	@$(HASS)/bin/python -m pip install -q homeassistant
	@$(HASS)/bin/python -m pip install -q $$($(HASS)/bin/python tests/home_assistant/needs.py)
	@touch $@

# From an environment of its own, so that the tools of the tests are not in the list.
sbom: $(DEV_STAMP) ## every package that a gateway needs, as CycloneDX: build/overdoor.cdx.json
	@rm -rf .venv-shop && $(PYTHON) -m venv --without-pip .venv-shop && mkdir -p build
	@$(BIN)/python -m pip --python .venv-shop/bin/python install -q .
	@$(BIN)/python -m pip install -q --group sbom
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --mc-type application \
	  --of JSON -o build/overdoor.cdx.json .venv-shop/bin/python
	@rm -rf .venv-shop

clean: ## remove what was installed and made
	rm -rf $(VENV) $(HASS) $(HW) $(NODE_RED) build .venv-shop .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
