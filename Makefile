# Signoff: `make demo` shows it, `make test` checks it. Both first set up what they need, and only what is not up to date.

LOCK := requirements.lock.txt
DEV_LOCK := requirements-dev.lock.txt
FOLDERS := app planner policies actions audit
CODE := $(FOLDERS) tests bench docs

export PYTHON  # the interpreter to make .venv with; empty: the first that is new enough

.PHONY: setup setup-dev wheel demo test test-long simulate lint types fuzz bench recording lock clean help
.NOTPARALLEL:

setup:  # .venv with what Signoff needs to run
	@.ci/setup $(LOCK)

demo: setup  # the demo bank, to talk to; without a terminal a tour through all of it
	@.venv/bin/signoff demo

SIDE_BY_SIDE = -n auto --maxprocesses 8 --dist worksteal  # one process of tests for each processor

test: lint types wheel  # ruff, mypy, and pytest against the built wheel; ARGS="-k name" for some of it, "-n 0" for one process
	PYTHONPATH="$(CURDIR)/build/wheel" SIGNOFF_WHEEL="$(CURDIR)/build/wheel" .venv/bin/pytest $(SIDE_BY_SIDE) $(ARGS)

test-long: setup-dev  # what takes minutes or an hour: every power cut, every failing call, thousands of worlds, a local model
	@.venv/bin/python -m pip install -qq --no-deps --only-binary :all: --group long
	.venv/bin/pytest -m long $(ARGS)

SEED = 0
STEPS = 90

simulate: setup-dev  # one simulated world, told step by step: SEED=17 STEPS=90
	.venv/bin/python -m tests.simulation.running $(SEED) $(STEPS)

lint: setup-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: setup-dev
	.venv/bin/mypy $(CODE)

wheel: setup-dev  # build/*.whl, unpacked in build/wheel
	@.ci/wheel $(FOLDERS)

SECONDS = 300

fuzz: setup-dev  # files and conditions that break the loader are looked for, each for SECONDS=300
	@.venv/bin/python -m pip install -qq --upgrade --target build/fuzz --group fuzz
	@mkdir -p build/corpus/file build/corpus/condition
	for kind in file condition; do PYTHONPATH=build/fuzz .venv/bin/python -m tests.fuzz.fuzz_policies $$kind \
		-max_total_time=$(SECONDS) -print_final_stats=1 -artifact_prefix=build/$$kind- build/corpus/$$kind || exit 1; done

bench: setup  # the figures, with machine and versions, beside other engines where they can be installed
	@.venv/bin/python -m pip install -qq --only-binary :all: --group bench || echo "signoff: the figures come without other engines"
	@.venv/bin/python bench/run.py

recording: setup  # docs/demo.svg anew, after a change of what the demo shows
	@.venv/bin/python docs/record.py

setup-dev:
	@.ci/setup $(DEV_LOCK) $(LOCK)

COMPILE = .venv/bin/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--annotation-style line --custom-compile-command "make lock" $(ARGS)

lock:  # the locks anew after a change of dependencies; ARGS=--upgrade takes newer versions
	@test -x .venv/bin/python || .ci/setup $(LOCK)
	@.venv/bin/python -m pip install -qq uv
	$(COMPILE) --group setup --output-file $(LOCK)
	$(COMPILE) --group dev --constraints $(LOCK) --output-file $(DEV_LOCK)

clean:  # remove everything that was made here; databases stay
	rm -rf .venv build dist signoff.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

help:
	@sed -n 's/^\([a-z-]*\):[a-z -]*  # /make \1: /p' $(firstword $(MAKEFILE_LIST))
