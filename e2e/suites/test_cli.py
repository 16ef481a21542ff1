"""`kubectl marea`: what people see and do with it, on sessions that wait, run, and cannot start."""

import contextlib
import copy
import itertools
import json
import os
import pty
import re
import signal
import socket
import stat
import subprocess
import time
import urllib.request
from pathlib import Path

import catalogue
import pytest
import yaml
from installation import ROOT
from installation.cluster import wait
from notebook import Notebook
from persona import bind
from team import Team

numbers = itertools.count(int(time.time()))  # names of namespaces are never used twice
FOLDER = ROOT / "build/debug/cli"
SIMULATED = {"className": "simulated"}
BROKEN = "cli-broken"
SCARCE = {**SIMULATED, "accelerator": {"alternatives": [{"className": "mig-7g-40gb"}]}}  # the cluster has two of these


class Marea:
    """The command, as somebody with a kubeconfig runs it in a namespace."""

    def __init__(self, cluster, kubeconfig, namespace=None):
        self.where = ["-n", namespace] if namespace else []
        programs = f"{FOLDER}:{Path(cluster._kubectl).parent}"
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "KUBECONFIG": str(kubeconfig)}

    def run(self, *arguments, seconds=90):
        """Its end: exit code, stdout, stderr."""
        return self.call([FOLDER / "kubectl-marea", *arguments, *self.where], seconds)

    def call(self, command, seconds=30):
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=seconds)

    def tell(self, *arguments, seconds=90):
        """What it prints; it must end well."""
        done = self.run(*arguments, seconds=seconds)
        assert done.returncode == 0, f"{arguments}: ended with {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def read(self, *arguments):
        return json.loads(self.tell(*arguments, "-o", "json"))

    def refuse(self, code, *arguments):
        """What it says on stderr when it ends with this code; nothing may stand on stdout."""
        done = self.run(*arguments)
        assert (done.returncode, done.stdout) == (code, ""), f"{arguments}: ended with {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stderr


def admin(cluster, namespace):
    return Marea(cluster, cluster.directory / "admin.kubeconfig", namespace)


@pytest.fixture
def marea(cluster, team):
    return admin(cluster, team.name)


@pytest.fixture(scope="module", autouse=True)
def begun(cluster, running_operator):
    """Teams whose sessions take their time, asked for before anything is looked at."""
    offer = copy.deepcopy(next(o for o in catalogue.objects() if o["metadata"]["name"] == "default"))
    offer["metadata"]["name"] = BROKEN
    offer["spec"]["images"] = [{"name": "lab", "image": "marea.dev/nobody-has-this:none", "pullPolicy": "Never"}]
    cluster.apply(offer)
    queue, real = (Team(cluster, f"cli-{name}-{next(numbers)}") for name in ("queue", "real"))
    real.ask("lab")
    real.ask("broken", className=BROKEN, user="grace")
    real.ask("brief", **SIMULATED, durationSeconds=10, user="brief")
    queue.ask("first", "second", **SCARCE, user="ada")
    yield queue, real
    for team in (queue, real):
        team.dissolve()
    cluster.kubectl("delete", "sessionclass", BROKEN)


@pytest.fixture(scope="module")
def queue(cluster, begun):
    """Two sessions that hold all there is, and a third that waits."""
    team = begun[0]
    team.wait_ready("first")
    team.wait_ready("second")
    team.ask("third", **SCARCE, user="grace")
    team.wait_for("third", "is queued with a reason", lambda s: s.get("queue", {}).get("reason"))
    # Devices are counted once a second at most.
    wait("it is counted", lambda: cluster.get("acceleratorclass", "mig-7g-40gb")["status"].get("queued") == 1, 30)
    return team


@pytest.fixture
def real(begun):
    """A notebook, one whose image is nowhere, and one whose time is soon over."""
    return begun[1]


@pytest.fixture
def viewer(cluster, team):
    """Somebody who is `view` of the team's namespace and nothing else."""
    cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "viewer", "namespace": team.name}})
    bind(cluster, f"system:serviceaccount:{team.name}:viewer", "view", team.name)
    kubeconfig = cluster.directory / "viewer.kubeconfig"
    cluster.write_kubeconfig(f"{team.name}/viewer", kubeconfig)
    return kubeconfig


def on_a_terminal(marea, *arguments, **variables):
    """What it prints where there is one."""
    ours, theirs = pty.openpty()
    environment = {**marea.environment, "TERM": "xterm", **variables}
    subprocess.run([FOLDER / "kubectl-marea", *arguments, *marea.where], env=environment, stdout=theirs, check=True, timeout=30)
    os.close(theirs)
    with open(ours, "rb", buffering=0) as terminal:
        text = b""
        with contextlib.suppress(OSError):  # the other end is closed: all was read
            while piece := terminal.read(4096):
                text += piece
    return text.decode()


def gates(page):
    return {gate["name"]: gate for gate in page["gates"]}


def test_a_queue_is_seen_as_a_page_and_explained(cluster, queue):
    marea, team = admin(cluster, queue.name), queue
    page = marea.tell("status")
    assert f"Sessions in namespace {team.name}: 2 Ready, 1 Queued." in page
    assert re.search(r"^third +grace +1 mig-7g-40gb +\d+s +Waiting for 1 mig-7g-40gb", page, re.MULTILINE), page
    assert re.search(r"^mig-7g-40gb +0 +2 +2 +1 ", page, re.MULTILINE), page
    assert "\x1b" not in page, "no colour where there is no terminal"
    read = marea.read("status")
    assert [row["session"] for row in read["queue"]] == ["third"] and read["problems"] == [], read

    why = marea.read("why", "third")
    assert [g["state"] for g in why["gates"]] == ["Passed", "Waiting"] + 4 * ["Ahead"]
    assert gates(why)["Admitted"]["reason"] == "NoFreeDevice" and why["who"] == "Nobody" and why["remedies"]
    assert why["since"] == team.status("third")["queue"]["sinceTime"]
    assert "Free now: " in marea.tell("why", "third"), "other devices of the class are free"
    ready = marea.read("why", "first")
    assert {g["state"] for g in ready["gates"]} == {"Passed"} and ready["url"] == team.status("first")["url"]
    assert ready["events"], "what Marea told of it is shown"

    assert "\x1b[32m2 Ready\x1b[0m" in on_a_terminal(marea, "status")
    assert "\x1b" not in on_a_terminal(marea, "status", NO_COLOR="1")

    held = marea.read("top")["holders"]
    assert sorted((h["session"], h["device"], h["count"], h["user"]) for h in held) == [(n, "mig-7g-40gb", 1, "ada") for n in ("first", "second")]
    assert marea.read("top", "--by", "user")["users"] == [{"user": "ada", "sessions": 2, "devices": {"mig-7g-40gb": 2}}]
    offered = yaml.safe_load(marea.tell("classes", "simulated", "-o", "yaml"))
    assert [c["name"] for c in offered["classes"]] == ["simulated"]
    assert next(d for d in offered["classes"][0]["devices"] if d["name"] == "mig-7g-40gb")["free"] == 0


def test_kubectl_finds_it_and_completes_its_line(cluster, queue):
    marea, team = admin(cluster, queue.name), queue
    assert "2 Ready, 1 Queued" in marea.call(["kubectl", "marea", "status", "-n", team.name]).stdout

    def completed(*words):
        done = marea.call(["kubectl", "__complete", "marea", *words])
        return [line.partition("\t")[0] for line in done.stdout.splitlines() if not line.startswith(":")]

    assert completed("") == ["status", "why", "classes", "top", "start", "stop", "extend", "open", "logs"]
    assert completed("why", "-n", team.name, "t") == ["third"]
    assert "simulated" in completed("classes", "")


def test_a_session_is_stopped_started_and_extended(team, marea):
    team.ask("ada", **SIMULATED, durationSeconds=3600)
    team.wait_ready("ada")
    before = team.status("ada")
    assert "home is kept" in marea.run("stop", "ada", "--wait").stderr
    assert team.status("ada")["summary"] == "Stopped" and team.get("pod", "ada") is None
    assert "runs it again" in marea.tell("why", "ada")
    assert marea.refuse(1, "extend", "ada", "1h").startswith("error: ada is stopped")

    assert marea.tell("start", "ada", "--wait", "--timeout", "60s") == "ada is Ready.\n"
    assert team.status("ada")["run"] == before["run"], "a stop on request ends without a new run"
    told = marea.read("extend", "ada", "30m", "--wait")
    after = team.status("ada")
    assert after["admission"]["durationSeconds"] == 5400 and told["expiresTime"] == after["expiresTime"]
    assert "class simulated allows 1d" in marea.refuse(1, "extend", "ada", "2d")

    assert "run already" in marea.tell("start", "ada")
    assert marea.tell("start", "ada", "--restart", "--wait") == "ada is Ready.\n"
    assert team.status("ada")["run"] == before["run"] + 1


def test_an_image_that_is_not_there_is_explained_and_ends_the_waiting(cluster, real):
    marea = admin(cluster, real.name)
    done = marea.run("start", "broken", "--wait", "--timeout", "60s")
    assert done.returncode == 7 and "does not have it" in done.stderr, done.stderr
    why = marea.read("why", "broken")
    gate = gates(why)["Started"]
    assert (gate["state"], gate["reason"]) == ("Blocked", "ImageNotOnNode") and why["who"] == "Administrator"
    assert gates(why)["Scheduled"]["state"] == "Passed" and gate["since"] == real.status("broken")["startTime"]
    assert [(p["name"], p["reason"]) for p in marea.read("status")["problems"]] == [("broken", "ImageNotOnNode")]
    assert "is Starting" in marea.refuse(1, "open", "broken")


def test_a_session_whose_time_is_over_begins_a_new_run(cluster, real):
    marea = admin(cluster, real.name)
    real.wait_for("brief", "is over", lambda s: s.get("stop", {}).get("reason") == "Expired" and not s.get("podName"))
    assert "new run with its full time" in marea.tell("why", "brief")
    real.change("brief", durationSeconds=3600)
    assert marea.tell("start", "brief", "--wait") == "brief is Ready.\n"
    assert real.status("brief")["run"] == 2


def test_a_notebook_is_opened_without_showing_its_token(cluster, real):
    marea = admin(cluster, real.name)
    real.wait_ready("lab")
    assert "http" in marea.tell("logs", "lab", "--tail=50").lower()
    token = real.token("lab")
    opened = subprocess.Popen(
        [FOLDER / "kubectl-marea", "open", "lab", *marea.where], env=marea.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        url = opened.stdout.readline().strip()
        page = Path(re.search(r"file://(\S+),", opened.stderr.readline())[1])
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", url) and Notebook(url, token).call("GET", "api/status")["started"]
        assert stat.S_IMODE(page.stat().st_mode) == 0o600 and stat.S_IMODE(page.parent.stat().st_mode) == 0o700
        leads = re.search(r'url=([^"]+)', page.read_text())[1]
        with urllib.request.urlopen(leads, timeout=30) as answer:
            assert answer.status == 200 and "/login" not in answer.url
        assert token not in everything_called()
    finally:
        opened.send_signal(signal.SIGINT)
        out, err = opened.communicate(timeout=20)
    assert opened.returncode == 0, err
    assert not page.parent.exists() and token not in out + err


def test_a_browser_is_opened_on_request_and_is_told_no_token(real, cluster, tmp_path):
    marea, seen, browser = admin(cluster, real.name), tmp_path / "seen", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {seen}.new && mv {seen}.new {seen}\n')
    browser.chmod(0o755)
    real.wait_ready("lab")
    command = [FOLDER / "kubectl-marea", "open", "lab", "--browser", *marea.where]
    opened = subprocess.Popen(command, env={**marea.environment, "BROWSER": str(browser)}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait("the browser was started", seen.exists, 30)
        told = seen.read_text().splitlines()
        assert len(told) == 1 and told[0].startswith("file://"), told
        page = Path(told[0].removeprefix("file://"))
        assert real.token("lab") in page.read_text() and real.token("lab") not in told[0]
    finally:
        opened.send_signal(signal.SIGINT)
        _, err = opened.communicate(timeout=20)
    assert opened.returncode == 0, err
    assert not page.exists()


def test_a_project_is_told_of_with_what_it_has(cluster, team, marea):
    share = {"namespaces": [team.name], "guarantees": [{"className": "rtx5000", "count": 1}]}
    wants = {**SIMULATED, "accelerator": {"alternatives": [{"className": "rtx5000"}]}}
    cluster.apply({"apiVersion": "marea.dev/v1alpha1", "kind": "Project", "metadata": {"name": team.name}, "spec": share})
    try:
        wait("the Project is counted", lambda: (cluster.get("project", team.name) or {}).get("status", {}).get("classes"), 30)
        team.ask("ada", **wants)
        team.wait_ready("ada")
        team.ask("bob", **wants)
        team.wait_for("bob", "waits for its Project", lambda s: s.get("queue", {}).get("reason") == "ProjectLimit")
        wait("it is counted", lambda: cluster.get("project", team.name)["status"].get("waiting") == 1, 30)

        row = {"className": "rtx5000", "guaranteed": 1, "used": 1, "borrowed": 0, "waiting": 1, "guarantee": "Now"}
        why = marea.read("why", "bob")
        assert (why["project"], why["position"], why["shares"]["classes"]) == (team.name, 1, [row])
        said = marea.tell("why", "bob")
        assert f"Charged to Project {team.name}." in said and f"kubectl patch session bob -n {team.name} --type=merge" in said
        assert "within its guarantee" in marea.tell("why", "ada") and marea.read("why", "ada")["kind"] == "Guaranteed"
        assert {"project": team.name, "sessions": 1, "waiting": 1, "classes": [row]} in marea.read("top", "--by", "project")["projects"]
        top = marea.tell("top")
        assert re.search(rf"^ada +\S+ +{team.name} +1 rtx5000 ", top, re.M) and re.search(rf"^{team.name} +rtx5000 +1 +1 +0 +1 +Now$", top, re.M)

        team.patch("session", "bob", {"spec": {"preemptible": True}})  # as it was told
        team.wait_ready("bob")
        assert "others lend it" in marea.tell("why", "bob") and "1 rtx5000, borrowed" in marea.tell("top")
    finally:
        cluster.kubectl("delete", "project", team.name)


def everything_called():
    """The arguments of all processes of this machine."""
    lines = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(line.read_bytes().decode(errors="replace"))
    return "\n".join(lines)


def test_who_may_only_look_sees_what_they_may(cluster, team, viewer):
    team.ask("ada", **SIMULATED)
    team.wait_ready("ada")
    here, everywhere = Marea(cluster, viewer, team.name), Marea(cluster, viewer)
    wait("the role is aggregated", lambda: here.run("status").stdout.startswith("Sessions in namespace"), 30)
    assert {g["state"] for g in here.read("why", "ada")["gates"]} == {"Passed"}
    page = everywhere.tell("status", "-A")
    assert "Sessions left out: " in page and "cannot list resource" in page and "a100" in page, page
    assert everywhere.read("status", "-A")["devices"]
    assert 'cannot patch resource "sessions"' in here.refuse(4, "stop", "ada")
    assert 'cannot list resource "sessions"' in everywhere.refuse(4, "top", "-A")
    assert team.get("session", "ada")["spec"].get("desiredState") == "Running"


def test_what_is_not_there_is_said_with_an_exit_code_of_its_own(cluster, team, marea, tmp_path):
    assert '"nobody" not found' in marea.refuse(3, "why", "nobody")
    assert "contexts[nowhere]" in marea.refuse(2, "status", "--context", "nowhere")
    assert "no such file" in marea.refuse(2, "status", "--kubeconfig", tmp_path / "none")
    marea.refuse(2, "frobnicate")
    admin = yaml.safe_load((cluster.directory / "admin.kubeconfig").read_text())
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and nobody listens
        for entry in admin["clusters"]:
            entry["cluster"]["server"] = f"https://127.0.0.1:{closed.getsockname()[1]}"
        (tmp_path / "down").write_text(yaml.safe_dump(admin))
        for command in (["status"], ["stop", "ada"], ["classes"]):
            assert "failed to connect" in Marea(cluster, tmp_path / "down").refuse(5, *command).lower()


def test_a_credential_plugin_says_who_one_is(cluster, team, viewer, tmp_path):
    config = yaml.safe_load(viewer.read_text())
    token = Path(config["users"][0]["user"].pop("tokenFile")).read_text().strip()
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token}}
    (tmp_path / "credential").write_text(json.dumps(credential))
    who = {"apiVersion": credential["apiVersion"], "command": "cat", "args": [str(tmp_path / "credential")], "interactiveMode": "Never"}
    user = {"users": [{"name": config["users"][0]["name"], "user": {"exec": who}}]}
    del config["users"]
    for name, part in (("cluster", config), ("user", user)):
        (tmp_path / name).write_text(yaml.safe_dump(part))
    merged = Marea(cluster, f"{tmp_path / 'none'}:{tmp_path / 'cluster'}:{tmp_path / 'user'}", team.name)
    assert merged.read("classes")["classes"]
    wait("the role is aggregated", lambda: merged.run("top").returncode == 0, 30)


def test_it_tells_and_writes_without_the_operator(team, marea, operator):
    team.ask("ada", **SIMULATED)
    team.wait_ready("ada")
    operator.stop()
    try:
        assert "1 Ready" in marea.tell("status") and marea.read("top")["holders"] and marea.read("classes")["classes"]
        team.ask("new", **SIMULATED)
        assert marea.read("why", "new")["summary"] == "Unseen"
        done = marea.run("stop", "ada", "--wait", "--timeout", "1s")
        assert done.returncode == 6 and "Marea has not seen it" in done.stderr
        assert "edited just now" in marea.tell("why", "ada")
    finally:
        operator.start()
    team.wait_stopped("ada")
