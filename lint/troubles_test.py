"""docs/troubles.md names every reason the operator gives, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("session/acceptance", "session/diagnosis", "session/container_trouble", "api/projects", "placement/explain")
# What Kubernetes calls things, in those sources.
FOREIGN = {
    "CrashLoopBackOff", "ContainerCreating", "CreateContainerConfigError", "CreateContainerError", "ErrImagePull", "ErrImageNeverPull",
    "FailedAttachVolume", "FailedCreatePodSandBox", "FailedMount", "ImagePullBackOff", "InvalidImageName", "PodScheduled",
    "PodReadyToStartContainers", "ProvisioningFailed", "RegistryUnavailable", "RunContainerError", "StartError", "ValidatingAdmissionPolicy",
}  # fmt: skip


def test_every_documented_reason_has_a_simulation():
    """The rows of the tables: `Reason`, `Other` | ..."""
    rows = re.findall(r"^\| (`[^|]+) \|", (ROOT / "docs/troubles.md").read_text(), re.MULTILINE)
    told = {reason for row in rows for reason in re.findall(r"`(\w+)`", row)}
    played = set(re.findall(r'"(\w+)"', (ROOT / "operator/simulation/troubles_test.cpp").read_text()))
    assert len(told) >= 50
    assert told - played == set()


def test_every_reason_is_documented():
    given = set()
    for source in SOURCES:
        text = (ROOT / "controllers" / f"{source}.cpp").read_text()
        given |= set(re.findall(r'"([A-Z][a-z]+(?:[A-Z][a-z]+)+)"', text))
    told = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", (ROOT / "docs/troubles.md").read_text()))
    assert given - FOREIGN - told == set()
    assert len(given - FOREIGN) > 30
