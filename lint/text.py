"""Plain text: line ends, trailing blanks, and words that say a thing is not done."""

import re

from tree import Finding

GENERATED = ("go.sum", "LICENSE")
BINARY = (".png", ".ico", ".gz", ".zip")
TABS_ALLOWED = ("Makefile", ".go", ".mod")

# Spelt in pieces so that this file passes its own check.
_SHOUTED = "|".join(a + b for a, b in (("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK"), ("W", "IP"), ("T", "BD")))
_SAID = "|".join(
    a + b for a, b in (("not (yet )?", "implemented"), ("not yet ", "supported"), ("coming ", "soon"), ("for ", "now"), ("dummy ", "implementation"))
)
UNFINISHED = re.compile(rf"\b(?:{_SHOUTED})\b|\b(?i:{_SAID})\b")


def check(tree):
    findings = []
    for path in tree.files:
        if path.endswith(GENERATED) or path.endswith(BINARY):
            continue
        text = tree.read(path)
        if text and not text.endswith("\n"):
            findings.append(Finding(path, text.count("\n") + 1, "the last line has no end", "add a newline"))
        if text.endswith("\n\n"):
            findings.append(Finding(path, text.count("\n"), "empty lines at the end", "remove them"))
        for number, line in enumerate(text.split("\n"), 1):
            if "\r" in line:
                findings.append(Finding(path, number, "carriage return", "use Unix line ends"))
            if line != line.rstrip():
                findings.append(Finding(path, number, "trailing blanks", "remove them"))
            if "\t" in line and not path.endswith(TABS_ALLOWED):
                findings.append(Finding(path, number, "tab", "indent with spaces"))
            if word := UNFINISHED.search(line):
                findings.append(
                    Finding(path, number, f"'{word[0]}' says that this is not done", "do it, or open an issue and take the words out")
                )
    return findings
