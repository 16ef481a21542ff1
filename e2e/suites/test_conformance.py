"""The real API server answers the conformance scripts as their golden files say (operator/testing/README.md).

First of all suites: the operator, once it runs, would write to the Sessions here.
"""

import json
import shlex
import subprocess
import time

import pytest
from installation import ROOT
from installation.cluster import wait

SCRIPTS = sorted(path.stem for path in (ROOT / "operator/testing/conformance").glob("*.script"))
PROGRAM = ROOT / "build/debug/tests/conformance"


@pytest.fixture(scope="module")
def run_id():
    return f"c{time.time_ns() // 1_000_000 % 100_000_000}"


@pytest.fixture
def compact(cluster):
    """A shell command that makes etcd forget its history up to now."""
    built = subprocess.run([ROOT / "e2e/tools/build", "etcd"], check=True, stdout=subprocess.PIPE, text=True)
    keys = cluster.directory / "pki"
    etcdctl = [
        f"{built.stdout.strip()}/etcdctl", f"--endpoints=https://127.0.0.1:{cluster.state.port('etcd')}",
        f"--cacert={keys / 'etcd-ca.crt'}", f"--cert={keys / 'etcd.crt'}", f"--key={keys / 'etcd.key'}",
    ]  # fmt: skip
    status = json.loads(subprocess.run([*etcdctl, "endpoint", "status", "--write-out=json"], check=True, capture_output=True).stdout)
    return shlex.join([*etcdctl, "compact", str(status[0]["Status"]["header"]["revision"])]) + " >/dev/null"


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_real_server_answers_as_recorded(cluster, compact, run_id, script):
    namespace = f"{script}-{run_id}"
    cluster.kubectl("create", "namespace", namespace)
    try:
        wait(f"namespace {namespace} has its default account", lambda: cluster.get("serviceaccount", "default", namespace), 30)
        command = [PROGRAM, f"--kubeconfig={cluster.directory / 'admin.kubeconfig'}", f"--id={run_id}", f"--compact={compact}", script]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        # Gone for good: a Session in a namespace that is ending would be answered for by the operator, in vain.
        cluster.kubectl("delete", "namespace", namespace, "--wait=true", "--timeout=180s", seconds=200)
