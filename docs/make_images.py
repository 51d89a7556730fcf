"""Make the pictures of the documentation from the pages that derive prints.

Needs pdflatex and pdftoppm. Run it from anywhere: ``python docs/make_images.py``.
"""

# ruff: noqa: INP001, S603, S607 - a script that runs two programs by their names

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import derive

#: The folder of the pictures.
IMAGES = Path(__file__).parent / "images"

#: Pixels for an inch of paper; the picture is then about 1000 pixels wide.
RESOLUTION = 150

#: What is cut out of the page (A4), in inches: left, top, width, height.
CUT = (0.75, 0.85, 6.8, 9.95)


def make(name: str) -> Path:
    """The first page of a derivation of the catalogue, as a picture."""
    target = IMAGES / f"{name}.png"
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.tex"
        page.write_text(derive.gradient(name).latex(), encoding="utf-8")
        for _ in range(2):  # the second run knows the numbers of the lines
            subprocess.run(
                ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", page.name],
                cwd=folder,
                check=True,
                capture_output=True,
            )
        left, top, width, height = (str(round(each * RESOLUTION)) for each in CUT)
        subprocess.run(
            [
                *("pdftoppm", "-png", "-singlefile", "-f", "1", "-l", "1"),
                *("-r", str(RESOLUTION), "-x", left, "-y", top, "-W", width, "-H", height),
                *("page.pdf", str(target.with_suffix("").resolve())),
            ],
            cwd=folder,
            check=True,
        )
    return target


if __name__ == "__main__":
    print(make("logistic_regression"))
