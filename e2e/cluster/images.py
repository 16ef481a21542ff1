"""The images of the real nodes, imported once and then linked into each node.

Importing takes 16 s a node. So one containerd imports them into a directory in
the cache, and a node starts with a copy of that directory in which the unpacked
layers, to which nobody ever writes, are links.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import layout
from layout import ClusterError

BUILD = pathlib.Path(__file__).resolve().parents[2] / "images/build"
NAMES = ("pause", "jupyterlab")
PAUSE = "marea.dev/pause:local"

CONFIG = """version = 2
root = "{root}"
state = "{state}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{state}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{state}/opt"
"""


def ensure(step):
    """The directory of a containerd that holds the images."""
    done = subprocess.run([BUILD, *NAMES], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise ClusterError("the images could not be built, see above")
    archives = [pathlib.Path(line) for line in done.stdout.split()]
    keys = "".join(a.with_suffix(".key").read_text() for a in archives)
    store = layout.CACHE / "images" / "imported"
    with layout.locked(layout.CACHE / "images/locks/imported"):
        template = store / hashlib.sha256(keys.encode()).hexdigest()[:16]
        if not template.exists():
            step("importing the images, once")
            if not any(cluster.path("nodes").exists() for cluster in layout.claimed()):
                shutil.rmtree(store, ignore_errors=True)  # nobody links into the older ones
            fresh = store / f"{template.name}.new"
            import_into(fresh, archives)
            fresh.rename(template)
    return template


def import_into(root, archives):
    root.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="marea-import-") as state:
        config = pathlib.Path(state, "config.toml")
        config.write_text(CONFIG.format(root=root, state=state))
        log = pathlib.Path(state, "log")
        with log.open("wb") as output:
            containerd = subprocess.Popen(["containerd", "--config", config], stdout=output, stderr=output)
        try:
            ctr = ["ctr", "--address", f"{state}/containerd.sock", "--namespace", "k8s.io"]
            deadline = time.monotonic() + 20
            while subprocess.run([*ctr, "version"], capture_output=True).returncode:
                if time.monotonic() > deadline or containerd.poll() is not None:
                    raise ClusterError(f"containerd does not start:\n{log.read_text()[-2000:]}")
                time.sleep(0.1)
            for archive in archives:
                done = subprocess.run([*ctr, "images", "import", archive], capture_output=True, text=True)
                if done.returncode != 0:
                    raise ClusterError(f"{archive} cannot be imported: {done.stderr.strip()}")
        finally:
            containerd.terminate()
            containerd.wait()


def link_into(template, root):
    """Gives a node its own containerd directory, unless it has one."""
    if root.exists():
        return
    fresh = root.with_name(f"{root.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    layers = template / "io.containerd.snapshotter.v1.overlayfs/snapshots"

    def ignore_layers(folder, names):
        return names if pathlib.Path(folder) == layers else []

    shutil.copytree(template, fresh, ignore=ignore_layers, copy_function=link_or_copy)
    for layer in layers.iterdir():
        (fresh / layer.relative_to(template)).symlink_to(layer)
    fresh.rename(root)


def link_or_copy(source, target):
    """Content has its digest for a name and never changes; databases do."""
    if "/blobs/" in source:
        try:
            return os.link(source, target)
        except OSError:  # another file system
            pass
    return shutil.copy2(source, target)
