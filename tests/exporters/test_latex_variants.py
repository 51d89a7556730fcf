"""Variants of the LaTeX: two columns, labels for steps, worksheets, looks, slides and PDF."""

from __future__ import annotations

import re

import pytest
from programs import complaints, require_program, typeset

from derive import catalogue
from derive.errors import InputError
from derive.exporters import beamer, latex
from derive.exporters.pdf import compile_pdf
from derive.notation import Look

LOOK = Look(examples="superscript", vectors="bold", derivatives="full", logarithm="log")
DETAILS = ("brief", "normal", "full")
VARIANTS = [
    ("twocolumn", "", {"columns": 2}),
    ("twocolumn", "", {"columns": 2, "steps": True, "look": LOOK}),
    ("twocolumn", "", {"columns": 2, "worksheet": True}),
    ("twocolumn", r"\def\deriveworksheet{}", {"columns": 2, "worksheet": True}),
    ("", "", {"worksheet": True, "steps": True, "look": LOOK}),
    ("", r"\def\deriveworksheet{}", {"worksheet": True, "steps": True, "look": LOOK}),
]


@pytest.mark.parametrize(("options", "before", "how"), VARIANTS)
def test_fragments_of_the_whole_catalogue(options, before, how, derivation_of, tmp_path):
    lines = [rf"\documentclass[{options}]{{article}}", before, r"\usepackage{amsmath,xcolor}"]
    lines.append(r"\begin{document}")
    for name in catalogue.NAMES:
        for detail in DETAILS:
            label = f"{name}-{detail}"
            source = latex.export(
                derivation_of(name), detail=detail, fragment=True, label=label, **how
            )
            (tmp_path / f"{label}.tex").write_text(source, encoding="utf-8")
            lines.append(rf"\input{{{label}}}\clearpage")
    file = tmp_path / "paper.tex"
    file.write_text("\n".join([*lines, r"\end{document}"]), encoding="utf-8")
    assert complaints(typeset(require_program("pdflatex"), file, 2)) == []


def test_every_line_has_the_label_of_its_step(derivation_of):
    source = latex.export(derivation_of("mlp"), fragment=True, label="p", steps=True)
    places = [int(each) for each in re.findall(r"\\label\{p:step:(\d+)\}", source)]
    assert places == list(range(1, len(places) + 1))
    assert set(map(int, re.findall(r"\\eqref\{p:step:(\d+)\}", source))) <= set(places)
    assert source.count(r"\eqref") == source.count(r"\eqref{p:step:")


def test_columns_are_one_or_two(derivation_of):
    with pytest.raises(InputError, match="neither 1 nor 2"):
        latex.export(derivation_of("mean_loss"), fragment=True, columns=3)
    with pytest.raises(InputError, match="for a fragment"):
        latex.export(derivation_of("mean_loss"), columns=2)


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_slides(name, derivation_of, tmp_path):
    file = tmp_path / "slides.tex"
    file.write_text(beamer.export(derivation_of(name)), encoding="utf-8")
    assert complaints(typeset(require_program("pdflatex"), file, 1)) == []


def test_the_same_document_is_the_same_pdf(derivation_of):
    require_program("pdflatex")
    source = latex.export(derivation_of("mean_loss"))
    assert compile_pdf(source) == compile_pdf(source)


BAD = [
    (r"\undefinedcommand", "Undefined control sequence, at line 3"),
    (r"\input{/etc/hostname}", "not found"),
    (r"\newwrite\w\immediate\openout\w=../owned", "can't write"),
]


@pytest.mark.parametrize(("body", "words"), BAD)
def test_a_faulty_document_is_one_clear_line(body, words):
    require_program("pdflatex")
    source = "\\documentclass{article}\n\\begin{document}\n" + body + "\n\\end{document}"
    with pytest.raises(InputError, match=words) as caught:
        compile_pdf(source)
    assert "\n" not in str(caught.value)


def test_without_a_tex(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="needs pdflatex, which is not installed"):
        compile_pdf("")
