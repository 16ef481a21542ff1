import json

import tidy
from tree import Tree

CHECKS = "Checks: '-*,modernize-use-nullptr'\nWarningsAsErrors: '*'\nHeaderFilterRegex: '/operator/'\n"


def tree_with(tmp_path, source, header="#pragma once\n"):
    tree = Tree.of_texts(
        tmp_path, {".clang-tidy": CHECKS, "operator/base/a.hpp": header, "operator/base/a.cpp": '#include "base/a.hpp"\n' + source}
    )
    command = {
        "directory": str(tmp_path),
        "file": str(tmp_path / "operator/base/a.cpp"),
        "command": f"c++ -std=c++20 -I{tmp_path}/operator -c operator/base/a.cpp",
    }
    (tmp_path / "build/debug").mkdir(parents=True, exist_ok=True)
    (tmp_path / "build/debug/compile_commands.json").write_text(json.dumps([command]))
    return tree


def test_a_fault_is_found_with_its_place_and_the_mended_source_passes(tmp_path):
    passes = tidy.Passes(tmp_path / "passes")
    found = tidy.check(tree_with(tmp_path, "int* a = 0;\n"), passes)
    assert [(f.path, f.line) for f in found] == [("operator/base/a.cpp", 2)]
    assert "modernize-use-nullptr" in found[0].remedy
    assert tidy.check(tree_with(tmp_path, "int* a = nullptr;\n"), passes) == []


def test_a_pass_is_remembered_until_a_header_changes(tmp_path):
    passes = tidy.Passes(tmp_path / "passes")
    assert tidy.check(tree_with(tmp_path, "int b;\n"), passes) == []
    assert len(list(passes.folder.iterdir())) == 1
    assert tidy.check(tree_with(tmp_path, "int b;\n"), passes) == []
    assert len(list(passes.folder.iterdir())) == 1
    assert tidy.check(tree_with(tmp_path, "int b;\n", "#pragma once\ninline int* c = 0;\n"), passes) != []


def test_a_source_no_target_compiles_is_found(tmp_path):
    tree = tree_with(tmp_path, "")
    (tmp_path / "operator/base/lost.cpp").write_text("")
    tree = Tree(tmp_path, (*tree.files, "operator/base/lost.cpp"))
    assert [f.path for f in tidy.check(tree, tidy.Passes(tmp_path / "passes"))] == ["operator/base/lost.cpp"]
