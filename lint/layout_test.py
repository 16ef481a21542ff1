import layout
from tree import Tree

STYLE = "BasedOnStyle: Google\n"


def test_only_what_is_laid_out_differently_is_found_and_fix_mends_it(tmp_path):
    tree = Tree.of_texts(
        tmp_path,
        {".clang-format": STYLE, "operator/base/good.hpp": "int A();\n", "operator/base/bad.cpp": "int A();\nint   B( );\n"},
    )
    assert [(f.path, f.line) for f in layout.check(tree)] == [("operator/base/bad.cpp", 2)]
    layout.fix(tree)
    assert layout.check(tree) == []
