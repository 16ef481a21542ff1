"""The operator's image is built from the folders that CMake cannot do without."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_image_has_what_cmake_needs():
    needed = re.findall(r"^add_subdirectory\((\w+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)  # not those below an if
    assert {"operator", "controllers"} <= set(needed)
    copied = re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert set(needed) - set(copied) == set()
    sent = re.findall(r"^!(\w+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert set(copied) - set(sent) == set()
