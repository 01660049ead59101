PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# make rule FAMILY/NAME OVER=Kfunc: the goal behind `rule` is its argument
ifeq ($(firstword $(MAKECMDGOALS)),rule)
RULE := $(wordlist 2,2,$(MAKECMDGOALS))
.PHONY: $(RULE)
$(RULE): rule ; @:
endif

.PHONY: run rule knowledge pictures test test-integration test-kernel bench fuzz clean

run: $(VENV)/run.done
	mkdir -p build
	$(BIN)/kfunclint fixtures/series.mbox --report html=build/series.html --report reply=build/replies/ || test $$? -eq 1
	@echo "The page is build/series.html, the reply mails are in build/replies/."

rule: $(VENV)/test.done
	$(BIN)/python -m kfunclint.fixture.skeleton rules $(RULE) $(OVER)

knowledge: $(VENV)/run.done
	$(BIN)/python -m kfunclint.knowledge.differences $(TREE)

test: $(VENV)/test.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

test-integration: $(VENV)/integration.done
	tests/integration/install
	npm install --silent --no-audit --no-fund --prefix build/axe axe-core@4
	npm install --silent --no-audit --no-fund --prefix build/readers @microsoft/sarif-multitool-linux@5 \
		@umbrelladocs/rdformat-validator@1
	$(BIN)/pytest tests/integration

pictures: $(VENV)/integration.done
	$(BIN)/python docs/pictures.py

test-kernel: $(VENV)/test.done
	tests/linux/fetch-trees build/trees
	KFUNCLINT_TREES=build/trees $(BIN)/pytest tests/linux

comma := ,
bench: $(VENV)/test.done
	bench/fetch-checkpatch build/checkpatch
	tests/linux/fetch-trees build/trees
	CLANG="$$(bench/fetch-clang)" $(BIN)/python bench/results.py $(subst $(comma), ,$(ONLY))

fuzz: MINUTES ?= 30
fuzz: $(VENV)/fuzz.done
	set -e; export PYTHONPATH=tests; \
	for harness in $$($(BIN)/python -c 'from fuzz.harnesses import HARNESSES; print(*HARNESSES)'); do \
		$(BIN)/python -m fuzz.run $$harness $(MINUTES) build/fuzz; done

clean:
	rm -rf build dist $(VENV) .mypy_cache .ruff_cache .pytest_cache

$(VENV)/run.done: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kfunclint needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/test.done: $(VENV)/run.done
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

$(VENV)/fuzz.done: $(VENV)/test.done
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	touch $@

$(VENV)/integration.done: $(VENV)/test.done
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[integration]'
	touch $@
