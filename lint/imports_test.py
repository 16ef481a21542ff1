import imports
import pytest
from tree import Tree

BASE = "operator/base/result.hpp"


def findings(tmp_path, texts):
    return [(f.path, f.line, f.message) for f in imports.check(Tree.of_texts(tmp_path, texts))]


def test_an_import_to_the_left_is_fine(tmp_path):
    assert findings(tmp_path, {BASE: "", "operator/kube/a.cpp": '#include "base/result.hpp"\n#include <string>\n'}) == []


@pytest.mark.parametrize(
    "path, header, target",
    [
        ("operator/base/a.cpp", "kube/b.hpp", "operator/kube/b.hpp"),
        ("operator/runtime/a.hpp", "controllers/api/b.hpp", "controllers/api/b.hpp"),
        ("controllers/placement/a.cpp", "controllers/ledger/b.hpp", "controllers/ledger/b.hpp"),
        ("controllers/session/a.cpp", "app/b.hpp", "operator/app/b.hpp"),
    ],
)
def test_an_import_to_the_right_or_to_a_neighbour_is_found(tmp_path, path, header, target):
    found = findings(tmp_path, {target: "", path: f'// why\n#include "{header}"\n'})
    assert [(p, line) for p, line, _ in found] == [(path, 2)]
    assert "may not use" in found[0][2]


def test_a_heavy_header_stays_in_its_file(tmp_path):
    text = "#include <cpprest/http_client.h>\n"
    assert findings(tmp_path, {"operator/http/cpprest.cpp": text}) == []
    assert findings(tmp_path, {"operator/kube/client.cpp": text}) != []


def test_only_tests_may_use_the_test_library(tmp_path):
    text = "#include <catch2/catch.hpp>\n"
    assert findings(tmp_path, {"operator/kube/client_test.cpp": text}) == []
    assert findings(tmp_path, {"operator/kube/client.cpp": text}) != []


def test_testing_is_for_tests_only(tmp_path):
    texts = {"operator/testing/fake.hpp": "", "operator/kube/watch_test.cpp": '#include "testing/fake.hpp"\n'}
    assert findings(tmp_path, texts) == []
    assert findings(tmp_path, {**texts, "controllers/session/plan.cpp": '#include "testing/fake.hpp"\n'}) != []


@pytest.mark.parametrize("header", ["result.hpp", "../base/result.hpp", "operator/base/result.hpp", "base/no.hpp"])
def test_an_include_is_written_from_the_root_and_exists(tmp_path, header):
    assert findings(tmp_path, {BASE: "", "operator/base/a.cpp": f'#include "{header}"\n'}) != []


def test_a_new_folder_needs_its_place(tmp_path):
    assert findings(tmp_path, {"operator/utils/a.cpp": ""}) != []
