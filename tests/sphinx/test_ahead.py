"""Derivations that other processes make ahead of the pages: the same pages, the same warnings."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="Sphinx is not installed")

from builds import derived, sphinx, write

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="processes cannot be forked on this system"
)

#: Five directives of different kinds on two pages, one in a list, one of them wrong.
PAGES = {
    "index": """.. derivation:: logistic_regression
   :wrt: w
   :look: examples=superscript

- a list

  .. derivation:: linear_regression
     :parts: any, checks
     :untitled:

.. derivation:: mean_loss
   :detail: brief
   :layout: rows
   :label: mine

.. toctree::

   other
""",
    "other": """.. derivation:: costs.py:J

.. derivation:: linear_regression
   :name: again
   :sizes: m=2

.. derivation:: no_such_thing

.. derivation:: mean_loss
   :detail: much
""",
    "costs__py": """from derive.language import *

i = indices("i:m")
w = parameter("w")
y = data("y[i]")
J = problem(define("J", mean((w - y[i]) ** 2, over=i)), name="J", title='''Bob's "own" cost''')
""",
}


def built(folder: Path, processes: int, **more: str) -> tuple[str, dict[str, str]]:
    """What is said, and the pages without the folder's name."""
    write(folder, **{**PAGES, **more})
    build = sphinx(folder, folder / "out", "-D", f"derive_processes={processes}", jobs=1)
    assert build.returncode == 0, build.stderr
    said = build.stderr.replace(str(folder), "")
    assert len(derived(build)) == 5
    pages = {
        path.name: path.read_text(encoding="utf-8").replace(str(folder), "")
        for path in (folder / "out").glob("*.html")
    }
    return said, pages


def test_pages_and_warnings_are_the_same(tmp_path):
    said, pages = built(tmp_path / "alone", 1)
    assert said.count("WARNING") == 2
    assert "derive-line" in pages["other.html"]
    assert (said, pages) == built(tmp_path / "ahead", 3)


#: Says which process makes a derivation, and how many were made ahead and taken.
SPY = """
import os, pathlib
from derive.sphinx import ahead
from derive.sphinx.ahead import Ahead, LaidOut

NOTES = pathlib.Path(__file__).parent / "notes"
HERE = os.getpid()
make, take = LaidOut.of.__func__, Ahead.take

def of(cls, order):
    with NOTES.open("a") as notes:
        notes.write(f"{'here' if os.getpid() == HERE else 'elsewhere'} {order.asked.target}\\n")
    BEFORE
    return make(cls, order)

def taken(self, order):
    found = take(self, order)
    with NOTES.open("a") as notes:
        notes.write(f"{'took' if found else 'missed'} {order.asked.target}\\n")
    return found

LaidOut.of = classmethod(of)
Ahead.take = taken
"""


def notes(folder: Path) -> list[str]:
    return sorted((folder / "notes").read_text(encoding="utf-8").split("\n")[:-1])


def test_everything_that_can_be_derived_is_made_elsewhere(tmp_path):
    folder = tmp_path / "spied"
    built(folder, 2, conf=SPY.replace("BEFORE", ""))
    said = notes(folder)
    right = ["costs.py:J", "linear_regression", "linear_regression", "logistic_regression"]
    assert [line for line in said if line.startswith("took")] == [
        f"took {name}" for name in (*right, "mean_loss")
    ]
    # What fails is met again by its directive, which says where.
    assert [line for line in said if line.startswith("here")] == [
        "here mean_loss",
        "here no_such_thing",
    ]


def test_pages_are_made_although_the_other_processes_are_killed(tmp_path):
    kill = "os.getpid() == HERE or os.kill(os.getpid(), 9)"
    folder = tmp_path / "killed"
    _, pages = built(folder, 2, conf=SPY.replace("BEFORE", kill))
    assert not any(line.startswith("took") for line in notes(folder))
    assert pages == built(tmp_path / "alone", 1)[1]


def test_nothing_is_made_ahead_where_there_is_little_or_only_one_process(tmp_path):
    few = {"index": ".. derivation:: linear_regression", "other": "Nothing."}
    folder = write(tmp_path / "few", **few, conf=SPY.replace("BEFORE", ""))
    assert sphinx(folder, folder / "out", jobs=1).returncode == 0
    assert notes(folder) == ["here linear_regression"]


@pytest.mark.parametrize("builder", ["latex", "text", "epub", "gettext"])
def test_other_builders_get_the_same(builder, tmp_path):
    def outputs(name: str, processes: int) -> dict[str, str]:
        folder = write(tmp_path / name, **PAGES)
        options = ("-D", f"derive_processes={processes}")
        build = sphinx(folder, folder / "out", *options, builder=builder, jobs=1)
        assert build.returncode == 0, build.stderr
        return {
            str(path.relative_to(folder)): re.sub(
                r"POT-Creation-Date.*", "", path.read_text(encoding="utf-8")
            )
            for path in sorted((folder / "out").rglob("*"))
            if path.suffix in (".tex", ".txt", ".xhtml", ".pot")
        }

    alone = outputs("alone", 1)
    assert alone
    assert {k: v.replace("/alone/", "/ahead/") for k, v in alone.items()} == outputs("ahead", 2)


def test_words_are_set_as_the_page_sets_its_own(tmp_path):
    """Quotation marks that are typed in a title become those of the language."""
    _, pages = built(tmp_path / "quotes", 1)
    assert (
        "Bob\N{RIGHT SINGLE QUOTATION MARK}s \N{LEFT DOUBLE QUOTATION MARK}own"
        in (pages["other.html"])
    )
