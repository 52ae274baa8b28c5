# Every target sets up what it needs by itself. `make help` lists them.

.DEFAULT_GOAL := help
.PHONY: help demo lab test test-real evaluate bench format build lock clean

# Which Python to use: a version (3.12), a command or a path. Empty: the newest that works.
PYTHON ?=
# make lab SCENARIO=path/to/scenario.yml; make test ONLY=lint,unit; make evaluate SCENARIO='traffic/*' SEEDS=5; make bench JSON=figures.json
SCENARIO ?=
ONLY ?=
SEEDS ?=
JSON ?=
LOGHUB ?=
# The recipes read them from the environment, where the shell sees them as they are, whatever characters they hold.
export PYTHON SCENARIO ONLY SEEDS JSON LOGHUB

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: ## Break a simulated production and watch a P0 being handled, in about a minute
	@tools/run runtime python -m lab demo

lab: ## Keep the simulated production running until Ctrl-C (SCENARIO=name or path)
	@tools/run runtime python -m lab up $${SCENARIO:+--scenario "$$SCENARIO"}

test: ## Run every check (ONLY=name,name for some of them)
	@tools/run dev python tools/check.py $${ONLY:+--only "$$ONLY"}

test-real: ## Run the contract tests and more against real servers, which are built once (about 15 minutes)
	@tools/run dev python -m pytest tests/contract tests/real --side real --numprocesses 2 --dist worksteal --durations 5

evaluate: ## Hold what is recommended to scenarios of which the truth is known, in a few minutes (SCENARIO=glob SEEDS=n JSON=file)
	@tools/run runtime python -m evaluate $${SCENARIO:+--only "$$SCENARIO"} $${SEEDS:+--seeds "$$SEEDS"} $${JSON:+--json "$$JSON"}

# Every part is measured within one run. The rollback is last: it has servers of its own.
bench: ## Compare with doing it by hand: recommendation, many pods, a large log, a rollback (ONLY=ways, pods, logs or rollback; JSON=file)
	@[ "$$ONLY" = rollback ] || tools/run runtime python -m bench $${JSON:+--json "$$JSON"} $${ONLY:+--only "$$ONLY"} $${LOGHUB:+--loghub "$$LOGHUB"}
	@[ "$${ONLY:-rollback}" != rollback ] || tools/run dev python -m bench.rollback

format: ## Format the Python code, and fix what the linter can fix
	@tools/run dev ruff format
	@tools/run dev ruff check --fix

build: ## Build the collection's artifact into dist/
	@tools/run runtime ansible-galaxy collection build --force --output-path dist

lock: ## Write tools/constraints.txt anew from the requirements files
	@tools/run dev python tools/lock.py

clean: ## Remove what these targets left in the checkout and in the cache
	@"$$(tools/find-python)" tools/clean.py
