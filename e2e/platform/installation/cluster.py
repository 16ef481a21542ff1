"""A local cluster, as its admin sees it: `e2e/cluster/cluster` starts it, kubectl talks to it."""

import json
import subprocess
import time
from functools import cached_property

import layout
from process import Processes

from . import ROOT

COMMAND = ROOT / "e2e" / "cluster" / "cluster"


class KubectlError(Exception):
    """kubectl did not do it; the text is what it said. `said` is its stderr, `output` what it printed of what it did."""

    def __init__(self, command, said, output):
        super().__init__(f"{command}: {said.strip() or output.strip()}")
        self.said, self.output = said, output


class Cluster:
    def __init__(self, name):
        self.name = name

    @property
    def state(self):
        """Its directory, slot and kinds of nodes, or None when it is not up."""
        return layout.load(self.name)

    @property
    def directory(self):
        return layout.directory_of(self.name)

    @property
    def audit_log(self):
        return self.directory / "audit.log"

    @property
    def processes(self):
        """What is recorded here ends with `cluster down` at the latest."""
        return Processes(self.state or layout.Cluster(self.name, self.directory, 0, ()))

    @cached_property
    def _kubectl(self):
        programs = subprocess.run([ROOT / "e2e/tools/build", "kubernetes"], check=True, stdout=subprocess.PIPE, text=True)
        return f"{programs.stdout.strip()}/kubectl"

    def run(self, *arguments, **options):
        """A command of `e2e/cluster/cluster` for this cluster."""
        return subprocess.run([COMMAND, *arguments[:1], "--name", self.name, *arguments[1:]], text=True, **options)

    def kubectl(self, *arguments, stdin=None, seconds=60, kubeconfig=None):
        """What kubectl prints on stdout; KubectlError with what it says on stderr."""
        command = [self._kubectl, f"--kubeconfig={kubeconfig or self.directory / 'admin.kubeconfig'}", *map(str, arguments)]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=seconds)
        if done.returncode:
            raise KubectlError(f"kubectl {' '.join(map(str, arguments))}", done.stderr, done.stdout)
        return done.stdout

    def apply(self, *things):
        """Server-side apply of objects given as dicts, then of files and folders given as paths, in one call."""
        objects = [t for t in things if isinstance(t, dict)]
        files = [f"--filename={t}" for t in things if not isinstance(t, dict)]
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}) if objects else None
        return self.kubectl(
            "apply", "--server-side", "--force-conflicts", *(["--filename=-"] if objects else []), *files, stdin=text
        )

    def apply_text(self, text):
        """The same with objects given as YAML."""
        return self.kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=text)

    def get(self, kind, name=None, namespace=None):
        """An object, or None; without a name the list of objects of the namespace, or of all."""
        where = ["--namespace", namespace] if namespace else [] if name else ["--all-namespaces"]
        said = self.kubectl("get", kind, *([name] if name else []), *where, "--ignore-not-found", "--output=json")
        if name:
            return json.loads(said) if said.strip() else None
        return json.loads(said)["items"] if said.strip() else []

    def write_kubeconfig(self, account, output):
        self.run("kubeconfig", "--service-account", account, "--output", str(output), check=True, capture_output=True)


def wait(what, attempt, seconds, pause=0.2):
    """Polls until attempt() returns something true and returns that. `what` is said, with what attempt() saw last
    (its `.seen`, when it raises Unmet), if the deadline passes first."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := attempt():
                return found
            seen = f"last answer: {found!r}"
        except Unmet as unmet:
            seen = str(unmet)
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s; {seen}")
        time.sleep(pause)


class Unmet(Exception):
    """What a polled condition saw instead."""
