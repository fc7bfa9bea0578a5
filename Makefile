PYTHON ?= python

check:  ## format, lint, types and the fast tests
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest

fix:  ## what can be mended by a tool
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

test:  ## the fast tests
	$(PYTHON) -m pytest

slow:  ## all tests and drills
	$(PYTHON) -m pytest -m "slow or not slow"

timm-tests:  ## timm's own model tests, unmodified, on every model of this package
	$(PYTHON) tests/timm_suite/run.py "rest_ or test_rest or test_pvt or (pvt_ and not pvt_v2 and not pcpvt)"

.PHONY: check fix test slow timm-tests
