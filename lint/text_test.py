import pytest
import text
from tree import Tree


def messages(tmp_path, path, content):
    return [(f.line, f.message) for f in text.check(Tree.of_texts(tmp_path, {path: content}))]


def test_a_clean_file_has_no_findings(tmp_path):
    assert messages(tmp_path, "docs/a.md", "One line.\n") == []


@pytest.mark.parametrize(
    "content, expected",
    [
        ("no end", (1, "the last line has no end")),
        ("a \nb\n", (1, "trailing blanks")),
        ("a\n\tb\n", (2, "tab")),
        ("a\r\n", (1, "carriage return")),
        ("a\n\n", (2, "empty lines at the end")),
    ],
)
def test_stray_characters_are_found_where_they_stand(tmp_path, content, expected):
    (tmp_path / "a.cpp").write_bytes(content.encode())
    assert expected in [(f.line, f.message) for f in text.check(Tree(tmp_path, ("a.cpp",)))]


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "Not " + "implemented", "for " + "now"])
def test_words_that_say_unfinished_are_found(tmp_path, word):
    assert messages(tmp_path, "a.py", f"# fine\n# {word}: later\n") == [(2, f"'{word}' says that this is not done")]


def test_a_makefile_may_have_tabs(tmp_path):
    assert messages(tmp_path, "Makefile", "all:\n\techo\n") == []
