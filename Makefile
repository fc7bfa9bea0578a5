PYTHON ?= python
WORKERS ?= -n 2 --dist worksteal  # each imports torch; worksteal keeps a file together

check:  ## format, lint, types and the quick tests
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest $(WORKERS) -m "not slow and not heavy"

fix:  ## fix what a tool can fix
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

test:  ## all fast tests, heavy ones too: the command of the README
	$(PYTHON) -m pytest $(WORKERS)

slow:  ## whole studies in processes
	$(PYTHON) -m pytest $(WORKERS) -m "slow and not drill"

drills:  ## real processes killed, disks filled, Slurm
	$(PYTHON) -m pytest -m drill

timm-tests:  ## timm's own model tests, unmodified, on every model of this package
	$(PYTHON) tests/timm_suite/run.py "rest_ or test_rest or test_pvt or (pvt_ and not pvt_v2 and not pcpvt)"

.PHONY: check fix test slow drills timm-tests
