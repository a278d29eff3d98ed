# Every verb makes the environment first, once: a fresh clone needs python3 and make only.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup setup-system capture pairs train resume ablate web serve starter test test-all check format bench gpu lock clean

EXP ?= baseline
BASE ?= baseline
ARGS ?=
# `make gpu PY=python3` runs on a machine whose own Python has the packages already.
PY ?=
READY := $(if $(PY),,.venv/.ready)
PYTHON := $(if $(PY),$(PY),.venv/bin/python)
# What the page is built with, and what it is built from.
WEB_READY := web/node_modules/.ready
WEB_SOURCES := web/build.ts $(shell find web/src web/public web/models -type f) \
	deepflash/weights/portrait.onnx
# The pairs that come with the package: every skin tone six times, each scene in two lights. Studio
# targets only: sixty people are too few to learn from that one picture may have three answers.
STARTER := --people 60 --poses 1 --lights 2 --size 256 --seed 1 --targets studio
# ICT-FaceKit's folder or compact .npz; empty for the one that `deepflash synth` has fetched.
HEAD ?=

# A session a day unless it is named; a simulated one each time.
SIM ?=
SESSION ?= $(shell date +$(if $(SIM),simulated-%Y%m%d-%H%M%S,%Y-%m-%d))
SESSIONS ?= $(shell ls -td sessions/*/ 2>/dev/null | head -1)
NAME ?= $(notdir $(patsubst %/,%,$(firstword $(SESSIONS))))
PAIRS ?=

help: ## list the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(READY) ## make the Python environment in .venv (any other verb does it too)

.venv/.ready: requirements.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh

setup-system: ## install what the tests need from Debian or Ubuntu (chromium, adb, LLVM for the renderer)
	@scripts/setup-system.sh

capture: $(READY) ## take pairs in a studio: SESSION=name ARGS="--phone cable"; SIM=1 without any hardware
	$(PYTHON) -m acquisition session $(SESSION) $(if $(SIM),--simulate --no-browser) $(ARGS)

pairs: $(READY) ## sessions -> a pair dataset: SESSIONS="sessions/a sessions/b" NAME=main; else the newest session
	$(if $(SESSIONS),,$(error there is no session in sessions/; make capture SIM=1 takes one))
	$(PYTHON) -m acquisition prepare $(SESSIONS) -o pairs/$(NAME) $(ARGS)

train: $(READY) ## train an experiment: EXP=quickstart, PAIRS=pairs/main, EXP=loss/mse BASE=quickstart, ARGS="--trainer.max_epochs 5"
	$(PYTHON) -m deepflash fit --exp $(EXP) --base $(BASE) $(if $(PAIRS),--data.root $(PAIRS)) $(ARGS)

resume: $(READY) ## go on with an interrupted run: RUN=runs/baseline/1
	$(if $(RUN),,$(error name the run: make resume RUN=runs/baseline/1))
	$(PYTHON) -m deepflash fit --resume $(RUN) $(ARGS)

ablate: $(READY) ## train and compare a family: FAMILY=loss BASE=quickstart ARGS="--trainer.max_epochs 5"
	$(if $(FAMILY),,$(error name the family: make ablate FAMILY=loss))
	$(PYTHON) -m deepflash ablate $(FAMILY) --base $(BASE) $(if $(ARGS),-- $(ARGS))

web: build/web/index.html ## build the page that enhances photographs in a browser, in build/web

build/web/index.html: $(WEB_READY) $(WEB_SOURCES)
	scripts/node.sh node web/build.ts build/web

$(WEB_READY): $(READY) web/package-lock.json
	cd web && ../scripts/node.sh npm ci --ignore-scripts --no-audit --no-fund --loglevel error
	touch $@

serve: web ## build the page and serve it: ARGS="--https" for phones in the room
	$(PYTHON) -m deepflash serve $(ARGS)

test: $(READY) web ## run the tests (the slow ones: make test-all)
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest -n 2 $(ARGS)

test-all: $(READY) web ## run all tests that need no GPU
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest -n 2 -m 'not gpu' $(ARGS)

check: $(READY) $(WEB_READY) ## style and types
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m pyright
	cd web && ../scripts/node.sh npm run --silent check

format: $(READY) $(WEB_READY) ## bring the code into the house style
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .
	cd web && ../scripts/node.sh npm run --silent format

bench: $(READY) ## speed as ratios measured side by side
	$(PYTHON) -m benchmarks

gpu: $(READY) ## the tests and benchmarks that need a CUDA device
	$(PYTHON) -m pytest -m gpu $(ARGS)
	$(PYTHON) -m benchmarks.gpu

starter: $(READY) ## render anew the pairs that come with the package: HEAD=path of ICT-FaceKit
	rm -rf build/starter
	$(PYTHON) -m deepflash synth -o build/starter $(STARTER) $(if $(HEAD),--head-model $(HEAD))
	find deepflash/starter -mindepth 1 ! -name NOTICE.md -delete
	cp -r build/starter/. deepflash/starter/

lock: $(READY) ## resolve the dependencies anew into requirements.lock
	.venv/bin/uv pip compile pyproject.toml --all-extras --universal --upgrade --generate-hashes --no-header --no-emit-index-url -o requirements.lock

clean: ## remove the environment and caches; pairs, runs and reports stay
	rm -rf .venv web/node_modules .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
