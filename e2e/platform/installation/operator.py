"""The operator as a process of this machine, under its own ServiceAccount."""

import datetime
import os
import re
import secrets
import ssl
import urllib.error
import urllib.request

from . import ROOT
from .chart import render
from .cluster import KubectlError, Unmet, wait

NAMESPACE = "marea-system"
ACCOUNT = "marea-session"
SCRAPER = "prometheus"  # reads metrics, and nothing else


class Operator:
    """A replica of one role of the operator on one cluster. Its files are beside the cluster's, its log among the
    cluster's logs. All replicas of a cluster sign tokens with the same keys."""

    def __init__(self, cluster, preset="debug", name="operator"):
        self.cluster = cluster
        self.name = name
        self.leader_elect = True
        self.gateway_api = False
        self.arguments = []  # further ones
        self.server = None  # instead of the API server's own address: a URL
        self.binary = ROOT / "build" / preset / "marea"
        self.directory = cluster.directory / name
        self.kubeconfig = self.directory / "kubeconfig"
        self.port_file = self.directory / "port"
        self.scraper = self.directory / "scraper.kubeconfig"
        self.key_dir = cluster.directory / "operator" / "token-keys"

    @property
    def pid(self):
        return self.cluster.processes.pid(self.name)

    @property
    def log(self):
        return self.cluster.processes.log(self.name)

    def start(self, seconds=60):
        """Starts it unless it runs as built, and waits until it is ready."""
        self.prepare()
        if self.pid and not self.runs_as_built():
            self.stop()
        if not self.pid:
            self.launch()
        self.cluster.processes.wait(self.name, self.is_ready, seconds)

    def prepare(self):
        """The files it needs. A new token each time: they expire."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        ensure_key(self.key_dir)
        self.cluster.write_kubeconfig(f"{NAMESPACE}/{ACCOUNT}", self.kubeconfig)
        self.cluster.write_kubeconfig(f"{NAMESPACE}/{SCRAPER}", self.scraper)
        if self.server:
            self.kubeconfig.write_text(re.sub(r"server: \S+", f"server: {self.server}", self.kubeconfig.read_text()))

    def launch(self):
        """Starts it, and does not wait."""
        self.port_file.unlink(missing_ok=True)
        self.cluster.processes.start(self.name, [
            self.binary, "run", "--role", "session", "--kubeconfig", self.kubeconfig, "--token-key-dir", self.key_dir,
            "--listen", "127.0.0.1:0", "--port-file", self.port_file,
            "--lease-namespace", NAMESPACE, f"--leader-elect={str(self.leader_elect).lower()}",
            *(["--gateway-api"] if self.gateway_api else []), *self.arguments,
        ])

    def stop(self, seconds=10):
        self.cluster.processes.stop([self.name], seconds)

    def kill(self):
        """As a crash would: SIGKILL, at once."""
        self.cluster.processes.stop([self.name], 0)

    def runs_as_built(self):
        """Whether the running program is the file that is there now."""
        try:
            return os.path.samestat(os.stat(f"/proc/{self.pid}/exe"), self.binary.stat())
        except OSError:
            return False

    def is_ready(self):
        try:
            return self.ask("/readyz")[0] == 200
        except OSError:
            return False

    def leads(self):
        """By its own metrics; false too when it does not answer, or runs no more."""
        try:
            return 'marea_leader{lease="session"} 1\n' in self.ask("/metrics")[1]
        except OSError:
            return False

    @property
    def scraper_token(self):
        """A file."""
        return self.scraper.with_name(self.scraper.name + ".token")

    def ask(self, path, token=None):
        """Status code and text of one of its own pages, for who may scrape it or for whose token it is. Its certificate is
        self-signed and new at each start."""
        port = int(self.port_file.read_text())
        token = self.scraper_token.read_text() if token is None else token
        request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"} if token else {})
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with urllib.request.urlopen(request, timeout=5, context=context) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()


def ensure_key(folder):
    """A token key whose id is the day it was made; kept for as long as the folder is."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(f.is_file() and not f.name.startswith(".") for f in folder.iterdir()):
        return
    name = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d")
    fresh = folder / f".{name}.new"
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as key:
        key.write(secrets.token_bytes(32))
    fresh.rename(folder / name)


def install(cluster, *things, gateway_api=False):
    """All that the chart brings but the operator's pods; then what else there shall be, of the new kinds too. Rendered
    and applied, not installed by helm: a release that was interrupted would be in the way of the next."""
    cluster.apply(namespace(NAMESPACE))
    cluster.apply_text(render(NAMESPACE, session={"replicas": 0}, gatewayApi={"enabled": gateway_api}))
    cluster.apply(*scraper())
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", f"--filename={ROOT / 'crds'}")

    def apply():
        try:
            return cluster.apply(*things)
        except KubectlError as refusal:  # a kind is served a moment after it is established
            raise Unmet(str(refusal)) from refusal

    wait("what needs the new kinds is accepted", apply, 30)


def scraper():
    """The account of a Prometheus, as docs/metrics.md says to make one."""
    metadata = {"name": SCRAPER, "namespace": NAMESPACE}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "marea-metrics-reader"}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "marea-scraper"},
         "roleRef": role, "subjects": [{"kind": "ServiceAccount", **metadata}]},
    ]


def namespace(name, **labels):
    """A namespace that admits only pods under the `restricted` profile of Pod Security."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted", **labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
