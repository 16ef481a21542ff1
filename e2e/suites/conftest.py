"""One cluster for all suites, with the operator on it as its own ServiceAccount; a namespace for each test."""

import itertools
import os
import re
import subprocess
import time
from pathlib import Path

import catalogue
import pytest
from audit import Audit
from installation import ROOT
from installation.cluster import Cluster
from installation.operator import Operator, install
from team import Team

NAME = "e2e"
KEEP = os.environ.get("MAREA_KEEP") == "1"
numbers = itertools.count(int(time.time()) if KEEP else 1)  # names of namespaces are never used twice


@pytest.fixture(scope="session")
def cluster():
    if os.geteuid() != 0:
        pytest.fail("the end-to-end suites need root: real nodes run containers, bridges and cgroups", pytrace=False)
    cluster = Cluster(NAME)
    if not KEEP:
        cluster.run("down", check=True)
    cluster.run("up", "--nodes", "real,kwok", check=True)
    if not cluster.state.real:
        pytest.fail("the cluster came up without its real nodes; it said above what they lack", pytrace=False)
    cluster.apply(tool_data("gateway-api") / "httproutes.yaml")
    install(cluster, *catalogue.objects(), gateway_api=True)
    yield cluster
    if not KEEP:
        cluster.run("down", check=True)


def tool_data(tool):
    """The folder of what a tool's module ships beside its code."""
    built = subprocess.run([ROOT / "e2e/tools/build", tool], check=True, stdout=subprocess.PIPE, text=True)
    return Path(built.stdout.strip()).parent / "share" / tool


@pytest.fixture(scope="session")
def running_operator(cluster):
    operator = Operator(cluster)
    operator.gateway_api = True
    operator.start()
    yield operator
    operator.stop()


@pytest.fixture
def operator(running_operator):
    """The operator, running; a test may kill it, the next one finds it running again."""
    running_operator.start()
    return running_operator


@pytest.fixture(scope="session")
def audit(cluster):
    return Audit(cluster.audit_log)


@pytest.fixture
def team(cluster, operator, request):
    """A namespace of its own for a test, gone afterwards with all that is in it."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())[:40].strip("-")
    team = Team(cluster, f"{words}-{next(numbers)}")
    yield team
    team.dissolve()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test says what the operator and the cluster said, before its namespace goes."""
    report = (yield).get_result()
    if not report.failed or call.when == "teardown":
        return
    for name, tell in (("namespace", describe), ("operator", operator_log), ("logs", log_paths)):
        try:
            if text := tell(item.funcargs):
                report.sections.append((name, text))
        except Exception as error:
            report.sections.append((name, f"cannot be told: {error}"))


def describe(fixtures):
    if team := fixtures.get("team"):
        return team.kubectl("describe", "sessions,pods,persistentvolumeclaims", seconds=30)


def operator_log(fixtures):
    if operator := fixtures.get("running_operator"):
        return "\n".join(operator.log.read_text(errors="replace").splitlines()[-60:])


def log_paths(fixtures):
    if cluster := fixtures.get("cluster"):
        return f"{cluster.directory / 'logs'}, {cluster.audit_log}"
