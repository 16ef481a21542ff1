"""clang-format: how C++ looks is not discussed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tree import Finding

WARNING = re.compile(r"^(.*?):(\d+):\d+: (?:error|warning): ")


def program():
    beside = Path(sys.executable).parent / "clang-format"
    return str(beside) if beside.exists() else shutil.which("clang-format")


def check(tree):
    files = tree.cpp()
    if not files:
        return []
    run = subprocess.run(
        [program(), "--dry-run", "--Werror", "--style=file", *files], cwd=tree.root, capture_output=True, text=True
    )
    first = {}
    for found in filter(None, map(WARNING.match, run.stderr.splitlines())):
        first.setdefault(found[1], int(found[2]))
    if run.returncode and not first:
        raise RuntimeError(f"clang-format failed: {run.stderr[-2000:]}")
    return [Finding(path, line, "not as clang-format lays it out, from here on", "make format") for path, line in first.items()]



def fix(tree):
    subprocess.run([program(), "-i", "--style=file", *tree.cpp()], cwd=tree.root, check=True)
