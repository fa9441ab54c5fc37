# Lutetia: make run opens the demonstration case; make test checks everything that needs no screen.
.PHONY: run install test test-long lock bundle clean

PYTHON = .venv/bin/python
DEMO = demo-case

install:
	@sh .ci/setup

run: install
	@sh .ci/demonstrate $(DEMO)

# Files in their order: those with the most tests first would tear down and rebuild what a folder shares, and end with the
# slowest files on one core. One thread of linear algebra: two processes on two cores with two threads each wait for each
# other at every small product, which doubles the work of the computations.
test: install
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	QT_QPA_PLATFORM=offscreen OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 \
		$(PYTHON) -m pytest -n 2 --max-worker-restart 0 --dist loadfile --no-loadscope-reorder \
		-m "not long and not anatomy"

test-long: install
	QT_QPA_PLATFORM=offscreen $(PYTHON) -m pytest -m "long" -s

# Maintainers only: resolves the dependencies anew for all platforms.
lock:
	sh .ci/lock

# Offline install folder for hospital computers: make bundle [PLATFORM=win_amd64] [PYTHON_VERSION=3.12]
bundle: install
	$(PYTHON) .ci/bundle.py wheelhouse $(if $(PLATFORM),--platform $(PLATFORM)) $(if $(PYTHON_VERSION),--python-version $(PYTHON_VERSION))

clean:
	rm -rf .venv build dist wheelhouse $(DEMO) *.egg-info .mypy_cache .ruff_cache .pytest_cache
