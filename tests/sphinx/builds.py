"""Sphinx as authors run it, and small projects for it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import sphinx as sphinx_package

EXAMPLE = Path(__file__).parents[2] / "examples" / "sphinx"

#: Sphinx prints the types of warnings from version 8 on; some earlier ones do if they are told to.
PRINTS_TYPES = sphinx_package.version_info >= (7, 3)
#: It makes headings of what is called a rubric from this version on.
HAS_HEADINGS = sphinx_package.version_info[:3] >= (7, 4, 1)
_TYPES = ("-D", "show_warning_types=1") if PRINTS_TYPES else ()


def sphinx(
    source: Path, output: Path, *more: str, builder: str = "html", seed: str = "0", jobs: int = 2
) -> subprocess.CompletedProcess[str]:
    """One build, with its doctrees in a folder beside the output."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "-n", "-j", str(jobs), "-b", builder, *_TYPES),
            *("-d", str(output.with_name(f"{output.name}-trees")), *more),
            *(str(source), str(output)),
        ],
        env={**os.environ, "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": "0", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def derived(build: subprocess.CompletedProcess[str]) -> list[str]:
    """What a build has derived, and did not find in its cache."""
    return sorted(re.findall(r"derive: derived (.*)", build.stdout))


def warnings(build: subprocess.CompletedProcess[str]) -> list[tuple[str, int, str]]:
    """The warnings of a build: the name of the file, the line, and what is said."""
    found = re.findall(r"^(?:.*/)?([^/:\n]+):(\d+): WARNING: (.*)$", build.stderr, re.MULTILINE)
    return [(file, int(line), said) for file, line, said in found]


def write(folder: Path, **pages: str) -> Path:
    """A project with the pages that are given by name; ``conf`` goes into its configuration, and
    a name with two underscores is that of a file: ``costs__py``."""
    folder.mkdir(exist_ok=True)
    configuration = pages.pop("conf", "")
    (folder / "conf.py").write_text(f"extensions = ['derive.sphinx']\n{configuration}\n", "utf-8")
    for name, text in pages.items():
        if "__" in name:
            (folder / name.replace("__", ".")).write_text(text, "utf-8")
        else:
            (folder / f"{name}.rst").write_text(f"Title\n=====\n\n{text}\n", "utf-8")
    return folder
