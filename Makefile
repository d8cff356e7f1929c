# One verb for each need; `make help` lists itself.
SHELL := bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SERVING := $(VENV)/.serving
READY := $(VENV)/.ready
# Tests start hundreds of processes; without its bytecode each would compile every module again.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist worksteal
ARGS ?=
TARGET ?= mock
.DEFAULT_GOAL := help
.PHONY: help debian serve test test-slow test-all lint format types types-check-clients contract bite bench pictures docs dist pythons image-check lock clean

help:  ## list the verbs
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 21

# Two installs into one environment: what serving needs, and what everything else needs on top.
$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; name one with make PYTHON=...")'
	@echo "Creating the Python environment $(VENV)"
	$(PYTHON) -m venv $(VENV)

install = set -o pipefail; $(BIN)/python -m pip install --progress-bar off --constraint constraints.txt --editable '$(1)' \
	| grep --line-buffered -E '^(Collecting|Processing|Installing) '

# What few need is installed when it is wanted.
extra = test -x $(BIN)/$(1) || { $(call install,.[$(2)]); }

$(SERVING): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing the mock and what it needs to serve: about 40 packages, 140 MB, a minute"
	@$(call install,.)
	@touch $@

$(READY): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing all that tests and checks need: about 115 packages, 580 MB, two minutes"
	@$(call install,.[dev])
	@touch $(SERVING) $@

debian:  ## install what some tests need of Debian: a browser, nginx, PostgreSQL (skipped without)
	@{ command -v chromium && command -v psql && test -x /usr/sbin/nginx; } || { echo "Installing chromium, nginx-light and postgresql with apt-get"; apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium nginx-light postgresql >/dev/null; }

serve: $(SERVING)  ## start the mock server (options: make serve ARGS="--bind 127.0.0.1:9000")
	@$(BIN)/credmock serve $(ARGS)

test: $(READY)  ## run the tests but for the long ones (options: make test ARGS="-k search")
	$(PYTEST) -m "not slow" $(ARGS)

test-slow: $(READY)  ## run the long tests, which `make test` leaves out, but for the most thorough
	$(PYTEST) -m "slow and not thorough" $(ARGS)

test-all: $(READY)  ## run every test
	$(PYTEST) $(ARGS)

lint: $(READY)  ## check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)  ## mend style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(READY)  ## check the types of both packages
	$(BIN)/mypy

types-check-clients: $(READY)  ## generate clients of the contract in TypeScript and Python, check and run them (needs Node)
	@$(BIN)/python -m tests.clients.generate

contract: $(READY)  ## judge a deployment by the contract (make contract TARGET=https://...; else the mock)
	$(BIN)/credcheck run $(TARGET) $(ARGS)

bite: $(READY)  ## judge 475 broken deployments, 197 variations of the sound one, and 20 seeds (hours; ARGS="--part variations")
	$(BIN)/python -m tests.harness.bite $(ARGS)

bench: $(READY)  ## measure the mock beside a bare Flask view and other mock servers (ten minutes; ARGS="--help")
	$(BIN)/python -m bench $(ARGS)

pictures: $(READY)  ## take the pictures of the README again (needs Chromium)
	$(BIN)/python -m docs.pictures.make

docs: $(READY)  ## build the documents as a site in dist/docs/site
	@$(call extra,mkdocs,docs)
	@rm -rf dist/docs && mkdir -p dist/docs/pages
	@tar --create --exclude node_modules --exclude generated --exclude '*.pyc' *.md LICENSE action.yml Dockerfile docs examples \
		templates spec fixtures clients bench/README.md | tar --extract --directory dist/docs/pages
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

dist: $(READY)  ## build wheel, sdist and a list of what they bring (SBOM) in dist, and check them
	@$(call extra,cyclonedx-py,release)
	@rm -rf dist/*.whl dist/*.tar.gz dist/*.cdx.json dist/environment
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*.whl dist/*.tar.gz
	$(BIN)/check-wheel-contents dist/*.whl
	$(BIN)/python -m venv --without-pip dist/environment
	$(BIN)/python -m pip --python dist/environment/bin/python install --quiet --constraint constraints.txt dist/*.whl
	$(BIN)/cyclonedx-py environment dist/environment --output-reproducible --output-file dist/credmock.cdx.json

pythons: $(READY)  ## run the tests on every supported Python that is installed
	@$(call extra,nox,release)
	$(BIN)/nox $(ARGS)

image-check: $(READY)  ## build the image without Docker, look into it and serve from it (as root; needs buildah and debootstrap)
	@$(BIN)/python -m tests.image.check

lock: $(READY)  ## write the versions that are installed now into constraints.txt
	$(BIN)/python -m pip freeze --exclude-editable > constraints.txt

clean:  ## remove the virtual environment, the caches and what was generated
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .nox dist bench/.peers report
	rm -rf clients/javascript/{node_modules,dist,src/generated}
	cd examples && rm -rf */node_modules */generated */build */credentials_client */.mypy_cache */.lock
