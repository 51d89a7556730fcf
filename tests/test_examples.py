"""The examples: each says how it is built, and the paper is built here.

Those of MkDocs, MyST, Quarto and Sphinx are built by the tests of these.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from programs import complaints, require_program, typeset

from derive.tex_marks import FOLDER, fill

EXAMPLES = Path(__file__).parent.parent / "examples"
FOLDERS = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())


def test_the_index_names_each_example():
    index = (EXAMPLES / "README.md").read_text("utf-8")
    assert re.findall(r"\]\((\w+)\)", index) == FOLDERS


@pytest.mark.parametrize("name", FOLDERS)
def test_each_example_says_how_it_is_built(name):
    text = (EXAMPLES / name / "README.md").read_text("utf-8")
    assert text.startswith("# ")
    assert "pip install" in text


@pytest.mark.parametrize("engine", ["pdflatex", "lualatex"])
def test_the_paper_needs_nothing_but_tex_once_it_is_filled(engine, tmp_path):
    program = require_program(engine)
    source = Path(shutil.copytree(EXAMPLES / "latex", tmp_path / "source"))
    assert len(fill(source / "main.tex")) == 3
    # What goes to an archive: the paper and its fragments, without the costs.
    archive = tmp_path / "archive"
    shutil.copytree(source / FOLDER, archive / FOLDER)
    shutil.copy(source / "main.tex", archive)
    log = typeset(program, archive / "main.tex", runs=3)
    assert complaints(log) == []
    assert "(2 pages" in log
