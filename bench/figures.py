"""Figures: quantiles, medians with their spread, and the table that docs/benchmarks.md shows."""

import math
import statistics
from dataclasses import dataclass

BEGIN, END = "<!-- results: written by make bench -->", "<!-- end of results -->"


@dataclass(frozen=True)
class Spread:
    """The median of some rounds, and how far they lie apart."""

    median: float
    least: float
    most: float
    rounds: int

    @staticmethod
    def of(values):
        values = list(values)
        return Spread(statistics.median(values), min(values), max(values), len(values))

    def __str__(self):
        if self.rounds == 1:
            return short(self.median)
        return f"{short(self.median)} ({short(self.least)} … {short(self.most)}, {self.rounds} rounds)"


def short(value):
    """Three significant digits; all digits of whole numbers."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


def quantile(values, share):
    """The smallest value that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def ratios(operator, raw):
    """Round by round, so that what slows the machine down for a while slows both."""
    if len(operator) != len(raw):
        raise ValueError(f"{len(operator)} rounds of the operator, {len(raw)} raw ones")
    return [ours / theirs for ours, theirs in zip(operator, raw, strict=True)]


@dataclass(frozen=True)
class Row:
    """A line of the table. `reached` is None where there is no aim."""

    what: str
    figure: str
    aim: str = ""
    reached: bool | None = None

    def __str__(self):
        verdict = {None: "", True: "yes", False: "**no**"}[self.reached]
        return f"| {self.what} | {self.figure} | {self.aim} | {verdict} |"


def table(rows, heading):
    return "\n".join([heading, "", "| what | figure | aim | reached |", "|---|---|---|---|", *map(str, rows)])


def replace_results(text, results):
    """The page with what stands between its markers replaced."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {BEGIN} or, after it, {END}")
    return f"{before}{BEGIN}\n{results}\n{END}{after}"
