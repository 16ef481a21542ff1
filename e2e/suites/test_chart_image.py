"""The operator's image, built from the Dockerfile that everybody builds: what is in it, and that this is enough."""

import json
import re
import stat
import subprocess
import tarfile

import pytest
from installation import ROOT

MOST_MIB = 32
SHELLS = {"sh", "bash", "dash", "ash", "busybox", "zsh", "env", "perl", "python3"}
PACKAGE_MANAGERS = {"apt", "apt-get", "dpkg", "rpm", "apk", "pip", "ldconfig"}
LOADER = re.compile(r"lib64/ld-linux[-.\w]*|lib/ld-linux[-.\w]*")


class Image:
    """An image archive as `docker save` writes it, opened."""

    def __init__(self, archive, folder):
        self.root = folder / "root"
        self.megabytes = archive.stat().st_size / 2**20
        with tarfile.open(archive) as outer:
            manifest = json.load(outer.extractfile("manifest.json"))[0]
            self.config = json.load(outer.extractfile(manifest["Config"]))["config"]
            self.members = {}
            for layer in manifest["Layers"]:
                with tarfile.open(fileobj=outer.extractfile(layer)) as inner:
                    self.members |= {m.name.strip("/"): m for m in inner.getmembers() if not m.isdir()}
                    inner.extractall(self.root, filter="tar")

    def needed(self, path):
        """The libraries a file of the image asks for, by its own dynamic section."""
        said = subprocess.run(["readelf", "--dynamic", self.root / path], capture_output=True, text=True, check=True)
        return set(re.findall(r"\(NEEDED\).*\[(.*)]", said.stdout))


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    built = subprocess.run([ROOT / "images/build", "marea"], stdout=subprocess.PIPE, text=True, check=True)
    return Image(ROOT / built.stdout.strip(), tmp_path_factory.mktemp("image"))


def test_it_holds_the_binary_and_the_libraries_it_needs_and_nothing_else(image):
    libraries = {p for p in image.members if p.startswith("usr/lib/")}
    loaders = {p for p in image.members if LOADER.fullmatch(p)}
    assert len(loaders) == 1
    assert set(image.members) - libraries - loaders == {"usr/bin/marea", "etc/nsswitch.conf"}

    asked, left = set(), {"usr/bin/marea"}
    while left:
        for name in image.needed(left.pop()) - asked:
            asked.add(name)
            left |= {f"usr/lib/{name}"} & libraries
    present = {p.rpartition("/")[2] for p in libraries | loaders}
    assert present == asked, "what is there, and what is asked for"


def test_it_has_no_shell_no_package_manager_and_nothing_that_gives_rights(image):
    names = {p.rpartition("/")[2] for p in image.members}
    assert not names & (SHELLS | PACKAGE_MANAGERS)
    for path, member in image.members.items():
        assert (member.uid, member.gid) == (0, 0), path
        assert not member.mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWGRP | stat.S_IWOTH), path


def test_it_runs_as_a_number_that_is_not_root(image):
    assert image.config["User"] == "65532:65532"
    assert image.config["Entrypoint"] == ["/usr/bin/marea"]
    assert "Volumes" not in image.config


def test_it_runs_with_what_it_has(image):
    version = re.search(r"project\(marea VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
    said = subprocess.run(
        ["chroot", "--userspec=65532:65532", image.root, "/usr/bin/marea", "--version"], capture_output=True, text=True
    )
    assert (said.returncode, said.stdout.strip()) == (0, version), said.stderr


def test_the_binary_is_hardened(image):
    binary = image.root / "usr/bin/marea"
    headers = subprocess.run(["readelf", "--wide", "--file-header", "--program-headers", "--dynamic", binary],
                             capture_output=True, text=True, check=True).stdout
    assert re.search(r"Type: +DYN \(Position-Independent Executable file\)", headers)
    assert re.search(r"GNU_STACK .* RW ", headers) and "GNU_RELRO" in headers
    assert re.search(r"\(FLAGS_1\).*NOW", headers)
    assert ".symtab" not in subprocess.run(["readelf", "--sections", binary], capture_output=True, text=True, check=True).stdout


def test_it_is_small(image, record_property):
    record_property("image_mib", f"{image.megabytes:.1f}")
    print(f"the operator's image: {image.megabytes:.1f} MiB")
    assert image.megabytes < MOST_MIB
