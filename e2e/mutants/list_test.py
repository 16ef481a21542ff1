"""The list of mutants must fit the sources as they are, and the table in docs/testing.md the list."""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
loader = importlib.machinery.SourceFileLoader("mutants", str(HERE / "run"))
run = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutants", loader))
sys.modules["mutants"] = run  # dataclasses look their module up
loader.exec_module(run)

MUTANTS = run.load((HERE / "list.toml").read_text())
ONE = run.Mutant("a", "b", "x.cpp", "int a = 1;", "int a = 2;", ["x_test"])


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_mutant_fits_the_sources(mutant):
    assert list(run.misfits(mutant, run.ROOT)) == []
    assert mutant.before != mutant.after and mutant.tests and all(t.endswith("_test") for t in mutant.tests)
    assert mutant.preset in run.TEST_SECONDS


def test_each_mutant_has_its_row_in_the_table():
    assert run.missing_rows(MUTANTS, run.rows_of(run.TABLE.read_text())) == []


def test_there_are_enough_mutants():
    assert len(MUTANTS) >= 40


@pytest.mark.parametrize("text, fits", [("int a = 1;\n", True), ("int b = 1;\n", False), ("int a = 1;\nint a = 1;\n", False)])
def test_a_text_that_is_not_there_exactly_once_is_told(tmp_path, text, fits):
    (tmp_path / "x.cpp").write_text(text)
    assert (list(run.misfits(ONE, tmp_path)) == []) is fits
    assert list(run.misfits(run.Mutant("a", "b", "gone.cpp", "x", "y"), tmp_path)) != []


def test_rows_are_written_and_read_back():
    text = f"before\n{run.BEGIN}\n{run.END}\nafter\n"
    written = run.with_rows(text, [ONE], {"a": "x_test: says so", "old": "y"})
    assert run.rows_of(written) == {"a": "x_test: says so"}
    assert written.startswith("before\n") and written.endswith("after\n")
    assert run.missing_rows([ONE], {"old": "y"}) != []


def test_the_first_failing_case_is_named():
    said = "noise\n" + "-" * 79 + "\na key is decided\n  again\n" + "-" * 79 + "\nx.cpp:3\n" + "." * 79 + "\nFAILED\n"
    assert run.first_case(said) == "a key is decided"
    assert run.first_case("Segmentation fault") == "died"
