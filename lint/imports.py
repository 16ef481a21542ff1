"""Which folder may include which: docs/design.md, section Layout, as a list; and where heavy headers may stand."""

import re
from pathlib import PurePosixPath

from tree import Finding

# From left to right; folders of one row may not include each other.
ORDER = (
    ("operator/base",),
    ("operator/json",),
    ("operator/loop",),
    ("operator/http",),
    ("operator/kube",),
    ("operator/runtime",),
    ("operator/testing",),
    ("controllers/api",),
    ("controllers/placement", "controllers/activity", "controllers/overlay", "controllers/ledger"),
    ("controllers/session",),
    ("operator/app",),
    ("operator/simulation", "operator/fuzz", "bench", "cli"),
)
RANK = {folder: rank for rank, row in enumerate(ORDER) for folder in row}

# Each heavy library: the sources that hide it, and whether tests may use it too.
HEAVY = (
    (("cpprest/", "pplx/"), ("operator/http/cpprest.cpp",), False),
    (("boost/beast",), ("operator/http/server.cpp",), False),
    (("boost/asio",), ("operator/loop/asio_loop.cpp", "operator/http/server.cpp", "operator/http/cpprest.cpp"), False),
    (("simdjson",), ("operator/json/decode.cpp",), False),
    (
        ("nlohmann/",),
        ("operator/json/encode.cpp", "operator/json/merge_patch.cpp", "operator/runtime/patch_body.cpp", "controllers/session/bodies.hpp", "cli/structured.cpp"),
        True,
    ),
    (("yaml-cpp/",), ("operator/kube/config.cpp", "operator/kube/strict_yaml.cpp"), True),
    (
        ("openssl/",),
        (
            "operator/base/crypto.cpp", "operator/http/client_tls.cpp", "operator/http/cpprest.cpp",
            "operator/http/scripted_server.cpp", "operator/http/self_signed.cpp", "operator/http/server.cpp",
        ),
        False,
    ),
    (("spdlog/", "fmt/"), ("operator/base/log.cpp",), False),
    (("prometheus/",), ("operator/runtime/metric.cpp",), False),
    (("CLI/",), ("operator/app/options.cpp", "cli/options.cpp"), False),
    (("sqlite3",), ("controllers/ledger/store.cpp",), False),
    (("catch2/",), (), True),
)

# Folders that are for tests as a whole.
TESTING = ("operator/testing/", "operator/simulation/", "operator/fuzz/")

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]')


def check(tree):
    findings = []
    present = set(tree.files)
    for path in tree.cpp():
        folder = folder_of(path)
        if folder is None:
            findings.append(Finding(path, 1, "this folder has no place in the import order", "add it to ORDER in lint/imports.py"))
            continue
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            if found := INCLUDE.match(line):
                angle, header = found.groups()
                if angle == '"':
                    findings += own(path, number, folder, header, present)
                else:
                    findings += foreign(path, number, header)
    return findings


def folder_of(path):
    """The row entry a file belongs to, or None. Deeper folders count to their domain."""
    parts = PurePosixPath(path).parts
    return next((f for f in (parts[0], "/".join(parts[:2])) if f in RANK), None)


def own(path, number, folder, header, present):
    target = next((t for t in (header, "operator/" + header) if t in present), None)
    if target is None:
        yield Finding(path, number, f'"{header}" is no file of this repository', 'write it from operator/ ("base/result.hpp") or from the root ("controllers/api/session.hpp")')
        return
    target_folder = folder_of(target)
    if header.startswith("operator/"):
        yield Finding(path, number, f'"{header}" names operator/', f'write "{header.removeprefix("operator/")}"')
    if folder is None or target_folder is None or target_folder == folder:
        return
    if target_folder == "operator/testing":
        if not is_test(path):
            yield Finding(path, number, "operator/testing is for tests", "include it from *_test.cpp only")
    elif RANK[target_folder] >= RANK[folder]:
        yield Finding(path, number, f"{folder} may not use {target_folder}", "imports go only to the left in lint/imports.py; move the code or pass it in")


def foreign(path, number, header):
    for prefixes, homes, in_tests in HEAVY:
        if header.startswith(prefixes) and path not in homes and not (in_tests and is_test(path)):
            home = f"belongs to {homes[0]}" if homes else "is for tests"
            yield Finding(path, number, f"<{header}> is heavy and {home}", "use the interface in front of it, or add the source to HEAVY in lint/imports.py")


def is_test(path):
    return path.endswith(("_test.cpp", "_test.hpp")) or path.startswith(TESTING)
