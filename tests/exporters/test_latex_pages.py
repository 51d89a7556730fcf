"""Every entry of the catalogue through TeX: no error, nothing too wide, no reference lost."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from programs import complaints, require_program, typeset

from derive import catalogue
from derive.errors import InputError
from derive.exporters import latex
from derive.gradients import gradient

DETAILS = ("brief", "normal", "full")
DOCUMENTS = list(product(catalogue.NAMES, DETAILS))

#: The width of a text line of a paper in two columns, in em, with a little to spare.
TWO_COLUMNS = 21.0


class Logs:
    """The logs of documents by name: compiled two at a time, or each when it is asked for where
    pytest itself runs several tests at a time."""

    def __init__(self, jobs):
        self.jobs = jobs
        self.found = {}
        if "PYTEST_XDIST_WORKER" not in os.environ:
            with ThreadPoolExecutor(max_workers=2) as pool:
                logs = pool.map(lambda job: typeset(*jobs[job]()), jobs)
                self.found = dict(zip(jobs, logs, strict=True))

    def __getitem__(self, name):
        if name not in self.found:
            self.found[name] = typeset(*self.jobs[name]())
        return self.found[name]


@pytest.fixture(scope="session")
def documents(derivation_of, tmp_path_factory):
    """The log of each document: by entry, detail and program."""
    folder = tmp_path_factory.mktemp("documents")
    pdflatex = require_program("pdflatex")

    def job(name, detail):
        file = folder / f"{name}-{detail}.tex"
        file.write_text(latex.export(derivation_of(name), detail=detail), encoding="utf-8")
        return pdflatex, file, 2

    return Logs({each: partial(job, *each) for each in DOCUMENTS})


@pytest.mark.parametrize(("name", "detail"), DOCUMENTS)
def test_a_document_compiles(name, detail, documents):
    assert complaints(documents[name, detail]) == []


@pytest.mark.parametrize("worksheet", [False, True], ids=["plain", "worksheet"])
def test_documents_compile_with_lualatex(worksheet, derivation_of, tmp_path):
    """All of them in one file, since the program takes longer to start than for a document."""
    sources = [
        latex.export(
            derivation_of(name), detail=detail, label=f"{name}-{detail}", worksheet=worksheet
        )
        for name, detail in DOCUMENTS
    ]
    preamble = sources[0].partition("\\begin{document}\n")[0]
    bodies = [re.split(r"\\(?:begin|end)\{document\}\n", source)[1] for source in sources]
    file = tmp_path / "documents.tex"
    body = "\\clearpage\n".join(bodies)
    whole = f"{preamble}\\begin{{document}}\n{body}\\end{{document}}\n"
    file.write_text(r"\def\deriveworksheet{}" * worksheet + whole, encoding="utf-8")
    # The first run, for the numbers of the lines, is that of the faster program.
    typeset(require_program("pdflatex"), file, 1)
    assert complaints(typeset(require_program("lualatex"), file, 1)) == []


# Fragments ---------------------------------------------------------------------------------------


def paper(folder: Path, options: str, fragments: dict[str, str], ending: str = "") -> Path:
    """A paper that loads nothing but amsmath and xcolor."""
    for name, source in fragments.items():
        (folder / f"{name}.tex").write_text(source, encoding="utf-8")
    file = folder / "paper.tex"
    file.write_text(
        "\n".join(
            [
                rf"\documentclass[{options}]{{article}}",
                r"\usepackage{amsmath,xcolor}",
                r"\begin{document}",
                *(rf"\input{{{name}}}\clearpage" for name in fragments),
                ending,
                r"\end{document}",
            ]
        ),
        encoding="utf-8",
    )
    return file


def test_fragments_in_a_paper_of_one_column(derivation_of, tmp_path):
    """All entries and details in one plain article, made as a user makes them, without a width;
    this also shows that their labels don't clash."""
    pdflatex = require_program("pdflatex")
    fragments = {
        f"{name}-{detail}": latex.export(
            derivation_of(name),
            detail=detail,
            fragment=True,
            label=f"{name}-{detail}",
        )
        for name, detail in DOCUMENTS
    }
    assert complaints(typeset(pdflatex, paper(tmp_path, "", fragments), 2)) == []


def test_fragments_in_a_paper_of_two_columns(derivation_of, tmp_path):
    """The details that anyone would put into so narrow a column."""
    pdflatex = require_program("pdflatex")
    fragments = {
        f"{name}-{detail}": latex.export(
            derivation_of(name),
            detail=detail,
            fragment=True,
            label=f"{name}-{detail}",
            width=TWO_COLUMNS,
        )
        for name, detail in product(catalogue.NAMES, ("brief", "normal"))
    }
    assert complaints(typeset(pdflatex, paper(tmp_path, "twocolumn", fragments), 2)) == []


def test_the_same_fragment_twice(derivation_of, tmp_path):
    pdflatex = require_program("pdflatex")
    fragments = {
        prefix: latex.export(derivation_of("logistic_regression"), fragment=True, label=prefix)
        for prefix in ("first", "second")
    }
    label = "small:w:gradient"
    assert all(rf"\label{{{prefix}:{label}}}" in source for prefix, source in fragments.items())
    ending = rf"See \eqref{{first:{label}}} and \eqref{{second:{label}}}."
    assert complaints(typeset(pdflatex, paper(tmp_path, "", fragments, ending), 2)) == []


def test_without_its_own_prefix_a_fragment_is_called_like_its_problem(derivation_of):
    source = latex.export(derivation_of("ridge_regression"), fragment=True)
    labels = re.findall(r"\\label\{([^}]*)\}", source)
    assert labels
    assert all(label.startswith("ridge_regression:") for label in labels)


def test_a_fragment_has_no_preamble(derivation_of):
    source = latex.export(derivation_of("mean_loss"), fragment=True)
    for command in (r"\documentclass", r"\usepackage{amsmath}\n", r"\begin{document}"):
        assert command not in source


@pytest.mark.parametrize("label", ["a b", "a}b", "a%b", "a\\b", "a#b", "a\nb", "ä"])
def test_a_prefix_that_no_label_can_hold(label, derivation_of):
    with pytest.raises(InputError, match="prefix of a label"):
        latex.export(derivation_of("mean_loss"), fragment=True, label=label)


# Words that somebody else wrote ------------------------------------------------------------------

HOSTILE = (
    "\\write18{touch owned} \\input{/etc/passwd} \\catcode`\\%=12 % $ _ ^^5c ^^M } { & # ~ \\ "
    "\\end{document} \x07\x1b[31m\r\n\t\x7f\u202e\u200f 中文 🙂 ½ λ é đ ŋ ÷ "
    "\\begin{align} \\derivetrack \"quoted\" <tag> |bar| --- ``''"
)
LONG = "x" * 300 + " " + "中" * 80


def hostile_problem(words: str):
    problem = catalogue.load("softmax_regression")
    return replace(
        problem,
        title=words,
        summary=words,
        quantities=tuple(
            replace(each, meaning=words, text=words[:12], stack_text=words[-12:])
            for each in problem.quantities
        ),
        definitions=tuple(replace(each, meaning=words) for each in problem.definitions),
        facts=tuple(replace(each, reason=words) for each in problem.facts),
    )


@pytest.mark.parametrize("words", [HOSTILE, LONG], ids=["commands", "long words"])
@pytest.mark.parametrize("fragment", [False, True], ids=["document", "fragment"])
def test_words_of_others_are_words(words, fragment, tmp_path):
    pdflatex = require_program("pdflatex")
    derivation = gradient(hostile_problem(words), wrt="b", check="none")
    source = latex.export(derivation, fragment=fragment)
    assert not re.search(r"\\(write|input|catcode)", source)
    assert source.count(r"\end{document}") == (0 if fragment else 1)
    assert all(sign == "\n" or sign.isprintable() for sign in source)
    if fragment:
        file = paper(tmp_path, "", {"words": source})
    else:
        file = tmp_path / "words.tex"
        file.write_text(source, encoding="utf-8")
    errors = [each for each in complaints(typeset(pdflatex, file, 2)) if "Overfull" not in each]
    assert errors == []
    assert not (tmp_path / "owned").exists()


ESCAPED = [
    ("a_b", r"a\_b"),
    ("100 %", r"100 \%"),
    ("\\", r"\textbackslash{}"),
    ("10⁻³²", "10$^{-32}$"),
    ("m²", "m$^{2}$"),
    ("“so”", "``so''"),
    ("a\nb\tc", "a b c"),
    ("\x1b", r"[U+001B]\allowbreak{}"),
    ("𝟏 ⊙ λ", r"$\mathbf 1$ $\odot$ $\lambda$"),
    ("Gauß", "Gauß"),
]


@pytest.mark.parametrize(("words", "source"), ESCAPED, ids=[row[0] for row in ESCAPED])
def test_escape(words, source):
    assert latex.escape(words) == source


def test_every_sign_that_is_passed_on_is_in_the_fonts(tmp_path):
    """In a paper with LaTeX's first font encoding, which has the fewest letters."""
    pdflatex = require_program("pdflatex")
    signs = [
        chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x600), *range(0x2000, 0x2300))
    ]
    lines = r"\par ".join(latex.escape(sign) for sign in signs)
    assert complaints(typeset(pdflatex, paper(tmp_path, "", {"signs": lines}), 1)) == []


# The marked factor -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_the_mark_survives_black_and_white(name, derivation_of):
    """It is a frame, and not a colour alone."""
    source = latex.export(derivation_of(name))
    assert r"\fcolorbox{derivetracked}" in source
    assert source.count(r"\derivetrack{") > 10
