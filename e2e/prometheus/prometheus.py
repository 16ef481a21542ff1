"""A Prometheus beside a cluster, which scrapes the operator as docs/metrics.md says."""

import json
import math
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
RULES = HERE.parents[1] / "charts" / "marea" / "files" / "prometheus" / "rules.yaml"
DASHBOARDS = RULES.parents[1] / "dashboards"
INTERVAL = 1  # seconds between scrapes; $__rate_interval is then at least four
VARIABLES = {"$namespace": ".*", "$project": ".*", "$__rate_interval": "15s"}


def programs():
    """The folder of prometheus and promtool."""
    return Path(subprocess.run([HERE / "fetch"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


class Prometheus:
    def __init__(self, processes, directory):
        self.processes, self.directory = processes, directory
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def start(self, operator):
        self.directory.mkdir(parents=True, exist_ok=True)
        target = f"127.0.0.1:{operator.port_file.read_text().strip()}"
        scrape = {
            "job_name": "marea", "scheme": "https", "authorization": {"credentials_file": str(operator.scraper_token)},
            "tls_config": {"insecure_skip_verify": True}, "static_configs": [{"targets": [target], "labels": {"namespace": "marea-system"}}],
        }
        every = f"{INTERVAL}s"
        config = {"global": {"scrape_interval": every, "evaluation_interval": every}, "rule_files": [str(RULES)], "scrape_configs": [scrape]}
        path = self.directory / "prometheus.yaml"
        path.write_text(yaml.safe_dump(config))
        self.processes.start("prometheus", [
            programs() / "prometheus", f"--config.file={path}", f"--storage.tsdb.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn",
        ])
        self.processes.wait("prometheus", self.is_ready, 60)

    def stop(self):
        self.processes.stop(["prometheus"])

    def is_ready(self):
        try:
            return bool(self.ask("query", query="up == 1")["result"])
        except OSError:
            return False

    def ask(self, what, **parameters):
        """The data of an answer of its HTTP API."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def series(self, expr, seconds, step):
        """What a panel shows of the last seconds: [(labels, [(time, value)])], without what is no number. Times are multiples
        of the step, so that those of several queries are the same."""
        now = time.time() // step * step
        found = self.ask("query_range", query=filled(expr), start=now - seconds, end=now, step=step)["result"]
        all_series = ((s["metric"], [(float(t), float(v)) for t, v in s["values"] if math.isfinite(float(v))]) for s in found)
        return [(labels, values) for labels, values in all_series if values]


def filled(expr):
    """A panel's query, with Grafana's variables filled in."""
    for name, value in VARIABLES.items():
        expr = expr.replace(name, value)
    return expr


def dashboards():
    return {path.stem: json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))}


def targets():
    """(dashboard, panel, query) of all there are."""
    return [
        (name, panel["title"], target["expr"])
        for name, dashboard in dashboards().items() for panel in dashboard["panels"] for target in panel.get("targets", ())
    ]
