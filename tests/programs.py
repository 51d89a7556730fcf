"""Programs that some tests run: LaTeX, and what looks at its pages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest


def require_program(name: str) -> str:
    """The path of a program; without it the test is left out, and fails under CI."""
    found = shutil.which(name)
    if found is None:
        sentence = f"{name} is not installed"
        if os.environ.get("CI"):
            pytest.fail(f"{sentence}, and this test must run under CI")
        pytest.skip(sentence)
    return found


def typeset(program: str, file: Path, runs: int) -> str:
    """Compile a file in its own folder; the log of the last run, its lines unbroken."""
    environment = {**os.environ, "max_print_line": "10000", "SOURCE_DATE_EPOCH": "0"}
    for _ in range(runs):
        subprocess.run(
            [program, "-interaction=nonstopmode", "-no-shell-escape", file.name],
            cwd=file.parent,
            env=environment,
            capture_output=True,
            timeout=300,
            check=False,
        )
    return file.with_suffix(".log").read_text(encoding="utf-8", errors="replace")


_COMPLAINTS = re.compile(
    r"^(!.*|Overfull .*|.*Reference .* undefined.*|.*multiply.defined.*|.*Missing character.*"
    r"|.*There were undefined references.*)$",
    re.MULTILINE,
)


def complaints(log: str) -> list[str]:
    """What TeX found wrong: errors, boxes that are too wide or too high, labels."""
    found = [match[0] for match in _COMPLAINTS.finditer(log)]
    if not re.search(r"^Output written on ", log, re.MULTILINE):
        found.append("no page was written")
    return found
