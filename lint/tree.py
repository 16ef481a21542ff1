"""What a check looks at and what it says: the files of the repository, and findings with a place and a remedy."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    message: str
    remedy: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message} -> {self.remedy}"


@dataclass(frozen=True)
class Tree:
    """A checkout: `files` are paths relative to `root`, tracked or new, never ignored ones."""

    root: Path
    files: tuple[str, ...]

    @staticmethod
    def of_git(root):
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True, text=True,
        ).stdout.split("\0")
        return Tree(root, tuple(sorted({f for f in listed if f and (root / f).is_file()})))

    @staticmethod
    def of_texts(root, texts):
        """For tests: writes `texts` (path -> content) below `root`."""
        for path, text in texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return Tree(root, tuple(sorted(texts)))

    def read(self, path):
        return (self.root / path).read_bytes().decode("utf-8", "replace")

    def cpp(self):
        return [f for f in self.files if f.endswith((".hpp", ".cpp")) and f.startswith(("operator/", "controllers/", "bench/", "cli/"))]
