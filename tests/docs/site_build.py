"""How the site of the documentation is built."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Site:
    """A build.

    Attributes:
        pages: the folder of its HTML.
        trees: the folder of its doctrees, with the derivations that were made for it.
        report: what Sphinx wrote, with its warnings.
        status: its exit status.
    """

    pages: Path
    trees: Path
    report: str
    status: int


def build(builder: str, output: Path, trees: Path) -> subprocess.CompletedProcess[str]:
    """Build the documentation as a warning-free build is: ``-W -n``, two processes."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-j", "2"),
            *("-b", builder, "-d", str(trees), "docs", str(output)),
        ],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", "SOURCE_DATE_EPOCH": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
