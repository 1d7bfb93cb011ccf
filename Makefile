# make demo: sets up everything and runs the main job.  make test: sets up everything and passes the tests.
PYTHON ?= python3
READY := .venv/.ready

.PHONY: demo test lint setup migration messages
setup: $(READY)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check uv
	.venv/bin/uv pip install --quiet --compile-bytecode -r requirements.lock
	.venv/bin/uv pip install --quiet --no-deps -e .
	.venv/bin/python -m compileall -q netops
	touch $(READY)

demo: $(READY)
	.venv/bin/netops demo $(ARGS)

test: $(READY)
	.venv/bin/python -m pytest -n 3 --dist loadfile $(ARGS)

lint: $(READY)
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

messages: $(READY)
	.venv/bin/python tests/locale/catalogue.py
