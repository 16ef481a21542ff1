"""What is done with the numbers before they are shown."""

import pytest
from figures import BEGIN, END, Row, Spread, quantile, ratios, replace_results, short, table


def test_a_spread_is_the_median_between_the_least_and_the_most():
    assert str(Spread.of([3.0, 1.0, 2.0, 10.0])) == "2.50 (1.00 … 10.0, 4 rounds)"
    assert str(Spread.of([0.5])) == "0.500"


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (0.01234, "0.0123"), (1.0, "1.00"), (9.876, "9.88"), (1234.5, "1234"), (-0.5, "-0.500")])
def test_figures_have_three_digits(value, text):
    assert short(value) == text


def test_the_p99_of_a_hundred_is_the_second_largest_but_one():
    assert quantile(range(1, 101), 0.99) == 99
    assert quantile(range(1, 201), 0.99) == 198
    assert quantile([5, 1], 0.5) == 1
    assert quantile([7], 0.99) == 7


def test_ratios_are_of_the_same_round():
    assert ratios([10, 30], [20, 30]) == [0.5, 1.0]
    with pytest.raises(ValueError, match="2 rounds of the operator, 1 raw"):
        ratios([1, 2], [1])


def test_a_row_says_whether_its_aim_is_reached():
    assert table([Row("x", "0.8", "≥ 0.9", False), Row("y", "2"), Row("z", "1", "1", True)], "How.") == (
        "How.\n\n| what | figure | aim | reached |\n|---|---|---|---|\n| x | 0.8 | ≥ 0.9 | **no** |\n| y | 2 |  |  |\n| z | 1 | 1 | yes |"
    )


def test_results_take_the_place_of_the_last_ones():
    page = f"# Page\n{BEGIN}\nold\n{END}\nafter\n"
    once = replace_results(page, "new")
    assert once == f"# Page\n{BEGIN}\nnew\n{END}\nafter\n"
    assert replace_results(once, "new") == once


@pytest.mark.parametrize("page", ["nothing", f"{END} {BEGIN}", f"{BEGIN} and no end"])
def test_a_page_without_its_markers_is_not_touched(page):
    with pytest.raises(ValueError, match="lacks"):
        replace_results(page, "new")
