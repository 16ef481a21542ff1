"""The chart, and helm at work with it on a cluster."""

import json
import subprocess

from . import ROOT

CHART = ROOT / "charts" / "marea"
RELEASE = "marea"


class HelmError(Exception):
    """helm did not do it; the text is what it said."""


def helm(*arguments, seconds=120, stdin=None):
    """What helm prints on stdout; HelmError with what it says on stderr."""
    programs = subprocess.run([ROOT / "e2e/tools/build", "helm"], check=True, stdout=subprocess.PIPE, text=True)
    command = [f"{programs.stdout.strip()}/helm", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=seconds)
    if done.returncode:
        raise HelmError(f"helm {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout


def settings(values):
    """A dict of values as arguments: {"session": {"replicas": 0}}."""
    return [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]


def render(namespace, **values):
    """What the chart makes where it has no cluster to ask, as YAML."""
    return helm("template", RELEASE, CHART, "--namespace", namespace, *settings(values))
