"""The adding up must not lose a failure: a report that says 0 failed is what everything else rests on."""

import importlib.machinery
import importlib.util
import stat
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def program(name):
    loader = importlib.machinery.SourceFileLoader(name, str(HERE / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


report, unit = program("report"), program("unit")

PASSED = '<testcase name="a"/>'
CASES = {
    PASSED: (1, 0),
    PASSED + '<testcase name="b"><failure message="x"/></testcase>': (1, 1),
    '<testcase name="b"><error message="x"/></testcase>': (0, 1),
    '<testcase name="b"><skipped/></testcase>': (0, 1),
}


@pytest.mark.parametrize("cases, expected", CASES.items())
def test_cases_are_counted_as_passed_or_failed(tmp_path, cases, expected):
    (tmp_path / "a.xml").write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    assert report.add_up(tmp_path) == expected


def test_a_broken_report_is_a_failure(tmp_path):
    (tmp_path / "a.xml").write_text("<testsuite><testcase")
    assert report.add_up(tmp_path) == (0, 1)


@pytest.mark.parametrize("code, writes, failed", [(1, True, 1), (0, False, 1), (0, True, 0)])
def test_a_suite_that_ends_badly_or_says_nothing_failed(tmp_path, monkeypatch, code, writes, failed):
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    write = f"open({str(tmp_path / 'x' / 'a.xml')!r}, 'w').write('<testsuite>{PASSED}</testsuite>');" if writes else ""
    assert report.run("x", [sys.executable, "-c", f"{write} raise SystemExit({code})"])[2] == failed


def script(path, text):
    path.write_text("#!/bin/bash\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(
    "text, ok, cases",
    [
        (f"echo '<testsuite>{PASSED}</testsuite>' > $4", True, (1, 0)),
        ('echo \'<testsuite><testcase name="b"><failure message="x">y</failure></testcase></testsuite>\' > $4; exit 1', False, (0, 1)),
        (f"echo '<testsuite>{PASSED}</testsuite>' > $4; exit 1", False, (0, 1)),
        ("echo '<testsuite></testsuite>' > $4", False, (0, 1)),
        ("kill -SEGV $$", False, (0, 1)),
    ],
    ids=["passes", "a case fails", "fails without a case", "holds no test", "dies"],
)
def test_a_test_program_passes_only_with_cases_and_status_zero(tmp_path, text, ok, cases):
    assert unit.run(script(tmp_path / "a_test", text), tmp_path / "a_test.xml") is ok
    assert report.add_up(tmp_path) == cases
