"""Text fits its width, marks what is followed, and never steers a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from itertools import product

import pytest

from derive import catalogue
from derive.document import build
from derive.document.model import Bullets, Document, Equations, Line, Paragraph, Section, Table
from derive.exporters import text
from derive.gradients import gradient
from derive.notation import columns
from derive.terms import Ref, add, multiply

DETAILS = ("brief", "normal", "full")
WIDTHS = (40, 60, 80, 100, 140)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("name", "detail"), list(product(catalogue.NAMES, DETAILS)))
def test_every_line_fits(name, detail, width, derivation_of):
    """There is no exception: a formula that has no sign to break at is broken at a space."""
    for line in text.export(derivation_of(name), detail=detail, width=width).splitlines():
        assert columns(line) <= width
        assert line == line.rstrip()
        assert line.isprintable()


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_only_the_place_of_breaks_depends_on_the_width(name, derivation_of):
    """The formulas and the words are the same ones; headings' rules and tables aside."""

    def said(width: int) -> list[str]:
        document = build(derivation_of(name))
        sections = tuple(
            replace(each, blocks=tuple(b for b in each.blocks if isinstance(b, Equations)))
            for each in document.sections
        )
        page = text.write(replace(document, sections=sections), width=width)
        return sorted(page.replace("═", "").replace("─", "").split())

    assert said(60) == said(140)


def test_the_page_has_an_end_of_line_at_its_end_and_no_empty_lines_there(derivation_of):
    page = text.export(derivation_of("mean_loss"))
    assert page.endswith("\n")
    assert not page.endswith("\n\n")


# The marked factor -------------------------------------------------------------------------------


def holds(term, origin):
    """Whether a leaf of the term has that origin: asked of the term itself, not of its layout."""
    from derive.terms import walk

    return any(origin in getattr(part, "origin", ()) for part in walk(term))


@pytest.mark.parametrize("name", catalogue.NAMES)
@pytest.mark.parametrize("detail", DETAILS)
def test_marks_stand_where_the_factor_is_and_nowhere_else(name, detail, derivation_of):
    document = build(derivation_of(name), detail=detail)
    assert document.track is not None
    marked = 0
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Equations):
                for line in block.lines:
                    printed = text.write(alone(document, line), width=1000)
                    assert ("⟦" in printed) == holds(line.right, document.track), printed
                    marked += "⟦" in printed
    assert marked > 3


def alone(document: Document, line: Line) -> Document:
    return replace(
        document,
        title="",
        opening=(),
        sections=(Section("", (), (Equations((replace(line, left=None, reason=(), label=""),)),)),),
    )


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_every_line_about_the_mean_is_marked(name, derivation_of):
    """Every line of a derivation of the cost itself holds the factor of the mean, marked."""
    derivation = derivation_of(name)
    document = build(derivation, detail="full")
    costs = 0
    for section in document.sections:
        if section.key not in ("small", "any"):
            continue
        for block in section.blocks:
            of_cost = False
            for line in block.lines if isinstance(block, Equations) else ():
                if line.left is not None:
                    of_cost = getattr(line.left, "of", None) == derivation.problem.cost.head
                if of_cost:
                    costs += 1
                    assert "⟦" in text.write(alone(document, line), width=1000)
    assert costs


def test_a_terminal_marks_by_colour(derivation_of):
    page = text.export(derivation_of("mean_loss"), mark=lambda words: f"\x1b[31m{words}\x1b[0m")
    assert "⟦" not in page
    assert "\x1b[31m" in page
    assert all(columns(line) <= 100 for line in page.splitlines())


# Words that somebody else wrote ------------------------------------------------------------------

HOSTILE = (
    "\x1b[2J\x1b]0;title\x07 \r\n\t\b \x7f \x9b31m \u202eright to left\u200f \u200bzero width "
    "中文字 🙂 " + "x" * 200 + " " + "中" * 90
)


def hostile_problem():
    problem = catalogue.load("logistic_regression")
    return replace(
        problem,
        title=HOSTILE,
        summary=HOSTILE,
        quantities=tuple(
            replace(each, meaning=HOSTILE, text=f"{each.text}\x1b[1m\u202e", stack_text="\x07\x9b")
            for each in problem.quantities
        ),
        definitions=tuple(replace(each, meaning=HOSTILE) for each in problem.definitions),
    )


@pytest.mark.parametrize("width", [40, 80, 100])
def test_words_of_others_do_not_steer_the_terminal(width):
    derivation = gradient(hostile_problem(), wrt="w", check="none")
    for page in (text.export(derivation, width=width), text.export_why(derivation, width=width)):
        for line in page.splitlines():
            assert line.isprintable(), ascii(line)
            assert columns(line) <= width


# Filling -----------------------------------------------------------------------------------------

FILLED = [
    ("", 10, [""]),
    ("a b", 10, ["a b"]),
    ("one two three", 7, ["one two", "three"]),
    ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
    ("中文中文", 5, ["中文", "中文"]),
    (
        "see a\N{NO-BREAK SPACE}+\N{NO-BREAK SPACE}b",
        6,
        ["see", "a\N{NO-BREAK SPACE}+\N{NO-BREAK SPACE}b"],
    ),
    (
        "aaa\N{NO-BREAK SPACE}bb\N{NO-BREAK SPACE}+\N{NO-BREAK SPACE}c",
        8,
        ["aaa\N{NO-BREAK SPACE}bb", "+\N{NO-BREAK SPACE}c"],
    ),
]


@pytest.mark.parametrize(("words", "width", "lines"), FILLED)
def test_filled(words, width, lines):
    assert text.filled(words, width) == lines


def test_a_table_that_is_too_wide_is_a_list():
    problem = catalogue.load("mean_loss")
    long = multiply(*(Ref(f"name{n}") for n in range(12)))
    table = Table((("what",), ("formula",)), ((("one",), (add(long, long),)),), "ll")
    document = Document("T", problem, None, (), (Section("s", ("S",), (table,)),))
    page = text.write(document, width=60)
    assert "  what one\n    formula  name⁽⁰⁾" in page
    assert all(columns(line) <= 60 for line in page.splitlines())


def test_words_and_formulas_are_one_sentence():
    problem = catalogue.load("mean_loss")
    blocks = (Paragraph(("Of ", Ref("b"), ".")), Bullets((("so", " ", Ref("b")),)))
    document = Document("T", problem, None, blocks, ())
    assert text.write(document) == "T\n═\n\nOf b.\n\n  • so b\n"


# Determinism -------------------------------------------------------------------------------------

PRINT = """
import hashlib
from derive.gradients import gradient
d = gradient("softmax_regression", check="none")
for page in (d.text(detail="full"), d.latex(detail="full"), d.latex(fragment=True, label="a")):
    print(hashlib.sha256(page.encode()).hexdigest())
"""


def test_the_same_bytes_whatever_the_hash_seed():
    runs = [
        subprocess.run(
            [sys.executable, "-c", PRINT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    ]
    assert len(set(runs)) == 1
    assert len(runs[0].split()) == 3
