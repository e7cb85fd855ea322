# Everything a person or CI runs. Each target installs what it needs; machines want root or sudo.
.DEFAULT_GOAL := help
RELEASE ?= 12
CACHE := $(or $(S3MOUNTD_CACHE),/var/cache/s3mountd-dev)
PYTHON := /usr/bin/python3
INSTALL := tests/setup/install.sh
# The machines of both releases beside each other; every other test with those of the second (tests/conftest.py).
SIDE_BY_SIDE := -n 2 --dist loadgroup
PYTEST_FLAGS := -ra --durations=10 --import-mode=importlib $(PYTEST_ARGS)
# Worker and package are made before any sudo, as the user who has cargo; then a sudo must not lose the rest.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo) env S3MOUNTD_CACHE=$(CACHE) S3MOUNTD_KEEP=$(S3MOUNTD_KEEP)
WITH_PARTS = export S3MOUNTD_CACHE=$(CACHE) && worker=$$($(PYTHON) -m tests.setup.worker) && \
	deb=$$($(PYTHON) -m tests.machine.equip) && \
	$(SUDO) S3MOUNTD_WORKER="$$worker" S3MOUNTD_DEB="$$deb" $(PYTHON)

.PHONY: help demo shell machine test test-unit test-bus test-s3 test-system lint deb bench clean prepare

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

demo: ## from nothing to five mounts in a booted Debian machine, every step shown
	@$(INSTALL) machines build deb
	@$(WITH_PARTS) -m tests.demo.demo

machine: prepare ## boot a machine (RELEASE=12 or 13) with package, worker and S3, and keep it
	@$(WITH_PARTS) -m tests.machine boot --release $(RELEASE)

shell: ## a shell in the machine that runs
	@$(SUDO) $(PYTHON) -m tests.machine shell

test: prepare ## every test: unit, bus, engine and booted machines (both releases)
	@$(INSTALL) unit
	@$(WITH_PARTS) -m pytest $(SIDE_BY_SIDE) $(PYTEST_FLAGS) tests

test-unit: ## the fast tests, no root needed
	@$(INSTALL) unit
	@$(PYTHON) -m pytest $(PYTEST_FLAGS) tests/unit

test-bus: ## the D-Bus surface and client on a private bus
	@$(INSTALL) unit
	@$(PYTHON) -m pytest $(PYTEST_FLAGS) tests/bus

test-s3: ## the diagnosis against servers on loopback that are wrong in one way each
	@$(INSTALL) unit
	@env -u AWS_CA_BUNDLE $(PYTHON) -m pytest $(PYTEST_FLAGS) tests/s3

test-system: prepare ## booted Debian 12 and 13 machines (PYTEST_ARGS="--release 12 -k NAME" for less)
	@$(INSTALL) unit
	@$(WITH_PARTS) -m pytest $(PYTEST_FLAGS) tests/system

lint: ## ruff, mypy, shellcheck, sizes, floors, drift of the docs, lintian
	@tests/setup/lint.sh

deb: ## build the package into dist/
	@packaging/build-deb.sh dist

bench: prepare ## the figures of DESIGN, as ratios against a peer in the same run; writes the tables of docs/recovery.md, docs/failures.md, docs/write-safety.md and docs/guide/getting-started.md
	@$(WITH_PARTS) -m tests.bench
	@$(WITH_PARTS) -m tests.bench.failures
	@$(WITH_PARTS) -m tests.bench.recovery
	@$(WITH_PARTS) -m tests.bench.edits
	@$(WITH_PARTS) -m tests.bench.newcomer

clean: ## destroy the machines of `make demo` and `make machine`, remove what was built here (the cache stays)
	@$(SUDO) $(PYTHON) -m tests.machine destroy --if-there demo deb12 deb13
	@rm -rf dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

prepare:
	@$(INSTALL) machines build deb
	@$(SUDO) $(PYTHON) -m tests.machine prepare
