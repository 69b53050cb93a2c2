# Everything a developer or an operator does with this repository. `make` alone prints the list.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.NOTPARALLEL:

# Settings count only when given to make itself (`make key TENANT=...`): names like ENV and NAME mean other things in a shell.
$(foreach name,ENV FILE JSON NAME TENANT SCOPES ONLY UPGRADE CONTEXT N,$(if $(filter command,$(origin $(name))),,\
  $(eval unexport $(name))$(eval override $(name) :=)))
TARGET_ENV := $(or $(ENV),local)
IN_CONTEXT := -c environment=$(TARGET_ENV) $(patsubst %,-c '%',$(CONTEXT))

SYSTEM_PATH := $(PATH)
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.sluice/node/bin:$(PATH)
export SYSTEM_PATH
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
export CDK_DISABLE_CLI_TELEMETRY := true

PY := .venv/bin/python
UV := .venv/bin/uv
ENGINE_PY := .sluice/engine-venv/bin/python
NODE := .sluice/node/bin/node
CDK := node_modules/.bin/cdk
LOCKS := requirements/uv.txt requirements/dev.txt requirements/engine.txt requirements/bench.txt requirements/transcoder.txt \
  layers/deps/requirements.txt layers/media/requirements.txt
PLATFORMS := x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin
PYTHONS := 3.11 3.12 3.13
TESTS := $(addprefix tests/,unit client faults infra architecture contract media e2e)
CODE := layers/core/python/sluice functions infra client/src/sluice_client
# Runs a command, and once more if it fails: for downloads.
RETRY := try() { "$$@" || { echo "failed, trying once more: $$*" >&2; sleep 3; "$$@"; }; }; try

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---------------------------------------------------------------- set-up

.PHONY: setup
setup: .venv/.locked .venv/.paths .sluice/engine-venv/.locked node_modules/.locked ## install everything into this checkout (other targets do it themselves)
	@:

# A Python that lacks ensurepip (Debian without python3-venv) makes virtual environments without pip.
.venv/.uv: requirements/uv.txt
	@command -v git >/dev/null || { echo "missing: git" >&2; exit 1; }
	@PATH="$$SYSTEM_PATH"; export PATH; if ! $(PY) -m pip --version >/dev/null 2>&1; then \
	  found=; for name in $${PYTHON:-python3 python3.13 python3.12 python3.11}; do \
	    $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; found=$$name; \
	    $$name -c 'import ensurepip, venv' 2>/dev/null && break; done; \
	  test -n "$$found" || { echo "missing: Python >= 3.11 (or name it: make PYTHON=/path/to/python3)" >&2; exit 1; }; \
	  $$found -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "missing: the venv module of $$found (Debian and Ubuntu: install python3-venv)" >&2; exit 1; }; \
	  echo "making .venv with $$($$found --version)" >&2; $$found -m venv --clear .venv; fi
	@$(RETRY) $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@touch $@

.venv/.locked: requirements/dev.txt .venv/.uv
	@echo "installing $<" >&2
	@$(RETRY) $(UV) pip sync --quiet --python $(PY) --require-hashes --only-binary :all: $<
	@touch $@

# Lines that put our packages on the path of this environment alone, so that no PYTHONPATH leaks into child processes.
.venv/.paths: Makefile .venv/.locked
	@printf '%s\n' "$(CURDIR)/layers/core/python" "$(CURDIR)/client/src" \
	  > "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/sluice.pth"
	@touch $@

.sluice/engine-venv/.locked: requirements/engine.txt .venv/.uv
	@echo "installing $<" >&2
	@test -x $(ENGINE_PY) || $(UV) venv --quiet --clear --python $(PY) .sluice/engine-venv
	@$(RETRY) $(UV) pip sync --quiet --python $(ENGINE_PY) --require-hashes --only-binary :all: $<
	@touch $@

# A peer to compare with; nothing but `make bench` needs it.
.sluice/bench-venv/.locked: requirements/bench.txt .venv/.uv
	@echo "installing $<" >&2
	@test -x $(@D)/bin/python || $(UV) venv --quiet --clear --python $(PY) $(@D)
	@$(RETRY) $(UV) pip sync --quiet --python $(@D)/bin/python --require-hashes --only-binary :all: $<
	@touch $@

$(NODE): | .venv/.paths
	@$(PY) -m infra.local.link_node "$$SYSTEM_PATH" >&2

node_modules/.locked: package-lock.json package.json .npmrc | $(NODE)
	@echo "installing package-lock.json" >&2
	@$(RETRY) npm ci --loglevel=error </dev/null >&2
	@touch $@

# ---------------------------------------------------------------- on this machine

.PHONY: demo up down logs tenant key upload-demo redrive
demo: setup ## the main job, end to end, on this machine [FILE=video] [JSON=report]
	@$(PY) -m infra.local.demo $${FILE:+--file "$$FILE"} $${JSON:+--json "$$JSON"}

up: setup ## start the embedded AWS with the stacks deployed, and leave it running
	@$(PY) -m infra.local.cli up

down: setup ## stop it
	@$(PY) -m infra.local.cli down

logs: setup ## its logs
	@$(PY) -m infra.local.cli logs

tenant: setup ## create a tenant: NAME= [ENV=]
	@test -n "$$NAME" || { echo "which tenant? make tenant NAME=..." >&2; exit 2; }
	@$(PY) -m infra.operate --environment $(TARGET_ENV) create-tenant --name "$$NAME"

key: setup ## create an API key: TENANT= SCOPES="a b" [ENV=]
	@test -n "$$TENANT" -a -n "$$SCOPES" || { echo 'whose key, for what? make key TENANT=... SCOPES="..."' >&2; exit 2; }
	@$(PY) -m infra.operate --environment $(TARGET_ENV) create-key --tenant "$$TENANT" --scopes "$$SCOPES"

upload-demo: up ## serve the page that uploads with Uppy, against the embedded AWS
	@SLUICE_API_KEY="$$(cat .sluice/local/api-key)" \
	  SLUICE_API_URL="$$($(PY) -m infra.local.cli status | awk '$$1 == "API" { print $$2 }')" \
	  $(PY) web/upload-demo/server.py

redrive: setup ## send dead webhook deliveries again [ENV=]
	@$(PY) -m infra.operate --environment $(TARGET_ENV) redrive

# ---------------------------------------------------------------- AWS

.PHONY: synth deploy
synth: setup ## the CloudFormation templates, into cdk.out [ENV=] [CONTEXT="name=value ..."]
	@$(CDK) synth --quiet --all $(IN_CONTEXT)

deploy: setup ## deploy to the AWS account of your credentials: ENV=dev|staging|prod [CONTEXT="name=value ..."]
	@case "$(TARGET_ENV)" in dev|staging|prod) ;; *) echo "deploy where? make deploy ENV=dev|staging|prod" >&2; exit 2;; esac
	@$(PY) -m infra.quotas $(IN_CONTEXT)
	@$(CDK) deploy --all --require-approval broadening $(IN_CONTEXT)

# ---------------------------------------------------------------- gates

.PHONY: check test faults format format-check lint types openapi check-platforms bench
check: format-check lint types check-platforms test ## all gates, as CI runs them

# One run, cheapest first, so that coverage and the 20 slowest are of the whole.
test: setup ## all tests
	@mkdir -p artefacts
	@$(PY) -m pytest $(wildcard $(TESTS)) \
	  --cov --cov-report=term --cov-report=xml:artefacts/coverage.xml --junitxml=artefacts/junit.xml </dev/null

faults: setup ## the seeded fault suites, long: N= seeds and traces [10000], at most 5000 damaged files and 100 killed jobs
	@FAULT_SEEDS=$${N:-10000} $(PY) -m pytest tests/faults tests/e2e/test_transcode_kills.py -q </dev/null

format: setup ## rewrite the code in the one format
	@.venv/bin/ruff check --quiet --select I --fix .
	@.venv/bin/ruff format .

format-check: setup
	@.venv/bin/ruff format --check .

lint: setup ## ruff
	@.venv/bin/ruff check .

openapi: setup ## write openapi.json and docs/event-schemas from the code
	@$(PY) -m infra.local.event_schemas && $(PY) -m infra.local.openapi

types: setup ## mypy --strict
	@.venv/bin/mypy --strict $(CODE)
	@.venv/bin/mypy --strict --python-version 3.10 client/src/sluice_client # the oldest that customers may have

check-platforms: setup ## every locked package has a wheel for Linux x86_64 and aarch64 and for macOS arm64
	@set -e; for platform in $(PLATFORMS); do for python in $(PYTHONS); do for lock in $(LOCKS); do \
	  $(UV) pip install --quiet --dry-run --no-deps --only-binary :all: --require-hashes --target .sluice/no-such-folder \
	    --python-platform $$platform --python-version $$python -r $$lock || { echo "$$lock: $$platform $$python" >&2; exit 1; }; \
	  done; done; echo "locks resolve for $$platform"; done

bench: setup .sluice/bench-venv/.locked ## figures, one per line: name value unit limit [ONLY=name] [JSON=report]
	@$(PY) -m tests.bench $${ONLY:+--only "$$ONLY"} $${JSON:+--json "$$JSON"}

# ---------------------------------------------------------------- generated files

COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
  $(if $(UPGRADE),--upgrade)

.PHONY: lock clean
lock: .venv/.uv ## write the lock files from requirements/*.in and package.json [UPGRADE=1]
	@$(RETRY) $(COMPILE) requirements/uv.in -o requirements/uv.txt
	@$(RETRY) $(COMPILE) requirements/dev.in -o requirements/dev.txt
	@$(RETRY) $(COMPILE) requirements/engine.in -o requirements/engine.txt
	@$(RETRY) $(COMPILE) -c requirements/dev.txt requirements/bench.in -o requirements/bench.txt
	@$(RETRY) $(COMPILE) -c requirements/dev.txt requirements/transcoder.in -o requirements/transcoder.txt
	@$(RETRY) $(COMPILE) -c requirements/dev.txt requirements/layer.in -o layers/deps/requirements.txt
	@$(RETRY) $(COMPILE) -c requirements/dev.txt requirements/media.in -o layers/media/requirements.txt
	@$(MAKE) --no-print-directory $(NODE)
	@$(RETRY) npm install --package-lock-only --loglevel=error </dev/null

clean: ## remove what was generated (not what was installed)
	@rm -rf cdk.out artefacts .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -not -path './.venv/*' -not -path './.sluice/*' -not -path './node_modules/*' -prune -exec rm -rf {} +
