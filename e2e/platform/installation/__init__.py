"""Marea installed on a local cluster: what `make run` and the end-to-end suites have in common."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# The cluster's own modules know where a cluster lives and how its processes are started and ended.
sys.path.append(str(ROOT / "e2e" / "cluster"))
