"""clang-tidy over our sources, two at a time; tests and fuzz targets have the compiler and the sanitizers. A source that passed is not
looked at again until it, a header of ours that it reaches, .clang-tidy or its compile command changes: the passes are
kept by content hash."""

import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from imports import INCLUDE
from tree import Finding

DIAGNOSTIC = re.compile(r"^(.*?):(\d+):\d+: (?:error|warning): (.*?)(?: \[([^\]]+)\])?$")
LIMIT_SECONDS = 300


def check(tree, passes=None):
    sources = [f for f in tree.cpp() if f.endswith(".cpp") and not f.endswith("_test.cpp") and not f.startswith("operator/fuzz/")]
    if not sources:
        return []
    database = tree.root / "build" / "debug" / "compile_commands.json"
    if (tree.root / "CMakePresets.json").exists():  # a checkout; its list of commands may be older than its sources
        subprocess.run(["cmake", "--preset", "debug"], cwd=tree.root, check=True, stdout=subprocess.DEVNULL)
    commands = {os.path.relpath(c["file"], tree.root): c["command"] for c in json.loads(database.read_text())}
    passes = passes or Passes.in_cache()
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        results = pool.map(lambda s: check_source(tree, s, commands.get(s), database.parent, passes), sources)
    return sorted({f for findings in results for f in findings})


def check_source(tree, source, command, build, passes):
    if command is None:
        return [Finding(source, 1, "no target compiles this file", "name it in the folder's CMakeLists.txt")]
    key = digest(tree, source, command)
    if passes.has(key):
        return []
    try:
        run = subprocess.run(
            [str(program()), "--quiet", "-p", str(build), "--extra-arg=-Wno-unknown-warning-option", source],
            cwd=tree.root, capture_output=True, text=True, timeout=LIMIT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return [Finding(source, 1, f"clang-tidy took more than {LIMIT_SECONDS} s", "include less")]
    findings = [
        Finding(os.path.relpath(tree.root / m[1], tree.root), int(m[2]), m[3], f"mend it, or change .clang-tidy with a reason ({(m[4] or 'compiler').removesuffix(',-warnings-as-errors')})")
        for m in map(DIAGNOSTIC.match, run.stdout.splitlines()) if m
    ]
    if run.returncode and not findings:
        findings = [Finding(source, 1, "clang-tidy could not read it: " + run.stderr.strip()[-300:], "make build")]
    if not findings:
        passes.add(key)
    return findings


def program():
    return Path(sys.executable).parent / "clang-tidy"


def digest(tree, source, command):
    """Of all that can change the verdict, system headers aside."""
    seen, stack = {}, [source]
    present = set(tree.files)
    while stack:
        path = stack.pop()
        if path in seen:
            continue
        seen[path] = text = tree.read(path)
        for found in filter(None, map(INCLUDE.match, text.splitlines())):
            stack += [t for t in (found[2], "operator/" + found[2]) if t in present]
    whole = hashlib.sha256(command.replace(str(tree.root), "").encode())
    whole.update(tree.read(".clang-tidy").encode() + program().name.encode() + str(os.stat(program()).st_size).encode())
    for path in sorted(seen):
        whole.update(f"{path}\0{seen[path]}\0".encode())
    return whole.hexdigest()


class Passes:
    """The hashes of what passed, as empty files, so that any number of runs can share them."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def in_cache():
        return Passes(Path(os.environ.get("MAREA_CACHE") or Path.home() / ".cache" / "marea") / "tidy")

    def has(self, key):
        return (self.folder / key).exists()

    def add(self, key):
        (self.folder / key).touch()
