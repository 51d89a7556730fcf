"""Variants of the LaTeX: two columns, labels for steps, worksheets, looks, slides and PDF."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from programs import complaints, require_program, typeset

import derive
from derive import catalogue
from derive.command_line import main
from derive.errors import InputError
from derive.exporters import beamer, graph_svg, graph_tikz, latex
from derive.exporters import text as text_exporter
from derive.exporters.formulas import slashed
from derive.exporters.pdf import compile_pdf
from derive.gradients import gradient
from derive.notation import Look
from derive.notation.boxes import Fraction, Row, Symbol
from derive.notation.latex import Style, write_latex

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
    own = [int(each) for each in re.findall(r"\\label\{p:step:(\d+)\}", source)]
    aliases = re.findall(r"\\derivealias\{p:step:(\d+)\}\{(p:[^}]*)\}", source)
    assert own
    assert aliases
    places = sorted(own + [int(step) for step, _ in aliases])
    assert places == list(range(1, len(places) + 1))
    # The labels that lines have otherwise stay.
    plain = latex.export(derivation_of("mlp"), fragment=True, label="p")
    labels = re.findall(r"\\label\{([^}]*)\}", plain)
    assert [label for _, label in aliases] == labels
    assert "derivealias" not in plain
    assert [
        each for each in re.findall(r"\\label\{([^}]*)\}", source) if "step" not in each
    ] == labels


@pytest.mark.parametrize("loads", ["", r"\usepackage{hyperref}"])
@pytest.mark.parametrize("program", ["pdflatex", "lualatex"])
def test_both_labels_of_a_line_lead_to_its_number(program, loads, derivation_of, tmp_path):
    source = latex.export(
        derivation_of("logistic_regression"), fragment=True, label="p", steps=True, parts="any"
    )
    aliases = re.findall(r"\\derivealias\{([^}]*)\}\{([^}]*)\}", source)
    assert len(aliases) > 2
    body = [loads, r"\usepackage{amsmath,xcolor}", r"\begin{document}"]
    body += [rf"\noindent same\eqref{{{new}}}\eqref{{{old}}}\par" for new, old in aliases]
    file = tmp_path / "paper.tex"
    lines = [r"\documentclass{article}", *body, source, r"\end{document}"]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert complaints(typeset(require_program(program), file, 2)) == []
    command = [require_program("pdftotext"), "paper.pdf", "-"]
    text = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, text=True).stdout
    found = re.findall(r"same\((\d+)\)\((\d+)\)", text)
    assert [int(first) for first, _ in found] == [int(new.rpartition(":")[2]) for new, _ in aliases]
    assert all(first == second for first, second in found)


def test_a_fragment_without_its_title(derivation_of):
    derivation = derivation_of("mean_loss")
    heading = rf"\noindent\textbf{{{derivation.problem.title}}}\par"
    titled = latex.export(derivation, fragment=True)
    assert heading in titled
    assert latex.export(derivation, fragment=True, titled=False) == titled.replace(
        f"{heading}\n", ""
    )
    with pytest.raises(InputError, match="only a fragment"):
        latex.export(derivation, titled=False)


def test_a_cost_without_a_title_has_no_heading(derivation_of):
    problem = derivation_of("linear_regression").problem
    problem = replace(problem, name="J", title="J")
    source = latex.export(gradient(problem, wrt="b", check="none"), fragment=True, parts="result")
    assert r"\textbf{J}" not in source


def test_the_rows_of_a_table_that_is_too_wide_are_set_apart(derivation_of):
    source = latex.export(derivation_of("logistic_regression"), fragment=True, columns=2)
    rows = re.findall(r"\\noindent\\hangindent(.*)", source)
    assert len(rows) > 20
    assert all(row.endswith(r"\par\smallskip") for row in rows)
    holds = next(row for row in rows if r"\textbf{holds " in row)
    assert r":\newline \textit{of each loss:} no\newline \textit{of the cost:} yes" in holds
    assert any(r"Xw + b" in row and r"\newline $X$:~$m" in row for row in rows)
    assert any(r"\textbf{each step}: \textit{how:} " in row for row in rows)


def test_a_derivative_with_a_slash_stands_apart_from_a_matrix_beside_it(derivation_of):
    derivation = derivation_of("softmax_regression")
    text = text_exporter.export(derivation)
    assert "(∂J/∂Z) Xᵀ" in text
    assert not re.search(r"\w∂J/∂Z|∂J/∂Z [A-Z]", text)
    x, z = Symbol("X", "X"), Symbol("Z", "Z")
    fraction = Fraction(Row((Symbol(r"\partial", "∂", "sign"), z)), z, "derivative")
    assert write_latex(slashed(Row((x, fraction))), Style.TEXT).replace(" ", "") == (
        r"X(\partialZ/Z)"
    )
    equals = Symbol("= ", " = ", "sign")
    assert "(" not in write_latex(slashed(Row((x, equals, fraction))), Style.TEXT)


def test_a_line_is_broken_inside_small_parentheses_last(derivation_of):
    """What stands before a sum takes no room from the lines after the first."""
    look = Look(examples="superscript", derivatives="full")
    source = latex.export(derivation_of("logistic_regression"), fragment=True, columns=2, look=look)
    assert r"\ln" in source
    for line in source.splitlines():
        assert not re.search(r"\(1\}?(\{\})?( \\notag)? \\\\", line), line


def test_columns_are_one_or_two(derivation_of):
    with pytest.raises(InputError, match="neither 1 nor 2"):
        latex.export(derivation_of("mean_loss"), fragment=True, columns=3)
    with pytest.raises(InputError, match="for a fragment"):
        latex.export(derivation_of("mean_loss"), columns=2)


# With lualatex -----------------------------------------------------------------------------------

#: What is put into one column, each variant at a detail of its own, and into two.
LUALATEX = {
    "": [
        ("full", {}),
        ("normal", {"steps": True, "look": LOOK}),
        ("brief", {"worksheet": True}),
    ],
    "twocolumn": [
        ("brief", {"columns": 2, "look": LOOK}),
        ("normal", {"columns": 2, "steps": True}),
        ("full", {"columns": 2, "worksheet": True}),
    ],
}


@pytest.mark.parametrize("options", LUALATEX)
def test_fragments_with_lualatex(options, derivation_of, tmp_path):
    body = []
    for name in catalogue.NAMES:
        for detail, how in LUALATEX[options]:
            label = f"{name}-{detail}"
            derivation = derivation_of(name)
            body.append(
                latex.export(derivation, detail=detail, fragment=True, label=label, **how)
                + r"\clearpage"
            )
    file = written_paper(tmp_path, options, body)
    # The first run, for the numbers of the lines, is that of the faster program.
    typeset(require_program("pdflatex"), file, 1)
    assert complaints(typeset(require_program("lualatex"), file, 1)) == []


def written_paper(folder, options, body):
    """A paper that loads nothing but amsmath and xcolor."""
    file = folder / "paper.tex"
    lines = [rf"\documentclass[{options}]{{article}}", r"\usepackage{amsmath,xcolor}"]
    lines += [r"\begin{document}", *body, r"\end{document}"]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


@pytest.mark.parametrize("program", ["pdflatex", "lualatex"])
@pytest.mark.parametrize(("options", "columns"), [("", 1), ("twocolumn", 2)])
def test_twice_in_a_paper_with_a_reference_to_every_step(
    options, columns, program, derivation_of, tmp_path
):
    body = []
    for label in ("first", "second"):
        source = latex.export(
            derivation_of("softmax_regression"),
            fragment=True,
            label=label,
            steps=True,
            columns=columns,
        )
        labels = re.findall(r"\\(?:label|derivealias)\{([^}]*)\}", source)
        assert len(labels) > 30
        body += [source, *(rf"\eqref{{{each}}} " for each in labels)]
    file = written_paper(tmp_path, options, body)
    assert complaints(typeset(require_program(program), file, 2)) == []


# Slides ------------------------------------------------------------------------------------------


def handouts(decks):
    """Slides of many derivations as one document, each of them without its overlays: what is
    uncovered later has its room from the start, so that every box is the same."""
    preamble, begin, _ = decks[0].partition("\\begin{document}\n")
    preamble = preamble.replace("aspectratio=169]", "aspectratio=169,handout]")
    assert "handout" in preamble
    bodies = [re.split(r"\\(?:begin|end)\{document\}\n", deck)[1] for deck in decks]
    return "\n".join([preamble + begin, *bodies, r"\end{document}"])


@pytest.mark.parametrize(
    ("program", "names", "how"),
    [
        ("pdflatex", catalogue.NAMES, {"detail": "brief", "look": LOOK}),
        ("pdflatex", catalogue.NAMES, {"detail": "full"}),
        ("pdflatex", ("mlp", "layer"), {"detail": "full", "layout": "columns", "look": LOOK}),
        ("lualatex", catalogue.NAMES, {"layout": "rows"}),
    ],
)
def test_slides(program, names, how, derivation_of, tmp_path):
    decks = [beamer.export(derivation_of(name), **how) for name in names]
    file = tmp_path / "slides.tex"
    file.write_text(handouts(decks), encoding="utf-8")
    assert complaints(typeset(require_program(program), file, 1)) == []


def test_a_sentence_that_leads_to_something_stays_with_it(derivation_of):
    """No frame ends with a sentence that ends with a colon."""
    for name in catalogue.NAMES:
        slides = beamer.export(derivation_of(name), detail="full")
        assert not re.search(r":\}\n+\\end\{frame\}", slides)


def test_every_slide_has_its_number_and_how_many_there_are(derivation_of, tmp_path):
    require_program("pdflatex")
    slides = beamer.export(derivation_of("mean_loss"), detail="brief")
    (tmp_path / "slides.pdf").write_bytes(compile_pdf(slides))
    command = [require_program("pdftotext"), "-layout", "slides.pdf", "-"]
    pages = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, text=True)
    found = re.findall(r"(\d+) */ *(\d+) *\n*\f", pages.stdout)
    frames = slides.count(r"\begin{frame}")
    assert {int(total) for _, total in found} == {frames}
    # The page with the title has no number.
    assert list(dict.fromkeys(int(number) for number, _ in found)) == list(range(2, frames + 1))


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


def test_without_a_tex_a_build_is_one_clear_line(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", "")
    arguments = ["build", "mean_loss", "--format", "pdf", "-o", str(tmp_path / "pages")]
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert re.fullmatch(r"derive: .*needs pdflatex, which is not installed.*\n", said.err)
    assert not list(tmp_path.rglob("*.pdf"))


def test_references_that_never_settle():
    require_program("pdflatex")
    restless = (
        r"\documentclass{article}\newcount\runs\begin{document}\makeatletter"
        r"\ifdefined\known\runs=\known\fi\advance\runs1 a"
        r"\immediate\write\@auxout{\gdef\string\known{\the\runs}}\end{document}"
    )
    with pytest.raises(InputError, match="do not settle"):
        compile_pdf(restless)


# Words that somebody else wrote ------------------------------------------------------------------

HOSTILE = [
    "\\write18{touch owned} \\input{/etc/passwd} \\catcode`\\%=12 \\openout",
    "% $ _ ^^5c^^5c ^^M & # ~ \\ }}}} {{{{ \\begin{frame} \\end{document} \\fi \\else \\par",
    "\x07\x1b[31m\r\n\t\x7f\u202e\u200f中文🙂é½λ<script>alert(1)</script>]]>&quot; --> \ud800",
]
COMMANDS = re.compile(r"\\(write|input|catcode|openout|immediate)|\^\^")


def hostile_derivation(words):
    problem = catalogue.load("logistic_regression")
    problem = replace(
        problem,
        title=words,
        summary=words,
        quantities=tuple(
            replace(each, meaning=words, text=words[:9], stack_text=words[-9:])
            for each in problem.quantities
        ),
        definitions=tuple(replace(each, meaning=words) for each in problem.definitions),
    )
    return gradient(problem, wrt="b", check="none")


@pytest.fixture(scope="module")
def hostile():
    return [hostile_derivation(words) for words in HOSTILE]


def harmless(sources):
    for made in sources:
        source = made.replace(r"\input{FILE}", "")  # in a comment of ours
        assert not COMMANDS.search(source), COMMANDS.search(source)
        assert source.count(r"\end{document}") <= 1
        assert all(sign == "\n" or sign.isprintable() for sign in source)


@pytest.mark.parametrize(("options", "columns"), [("", 1), ("twocolumn", 2)])
def test_words_of_others_in_a_paper(options, columns, hostile, tmp_path):
    fragments = [
        latex.export(derivation, fragment=True, label=f"p{number}{kind}", columns=columns, **how)
        for number, derivation in enumerate(hostile)
        for kind, how in (("a", {}), ("b", {"steps": True}), ("c", {"worksheet": True}))
    ]
    fragments += [graph_tikz.export(derivation) for derivation in hostile]
    harmless(fragments)
    body = [source + r"\clearpage" for source in fragments]
    file = written_paper(tmp_path, options, body)
    loads = r"\usepackage{amsmath,xcolor,tikz}\usetikzlibrary{arrows.meta}"
    source = file.read_text("utf-8").replace(r"\usepackage{amsmath,xcolor}", loads)
    file.write_text(source, encoding="utf-8")
    assert faults(typeset(require_program("pdflatex"), file, 2)) == []
    assert not (tmp_path / "owned").exists()


def test_words_of_others_on_slides_and_on_a_worksheet(hostile, tmp_path):
    pdflatex = require_program("pdflatex")
    decks = [beamer.export(derivation) for derivation in hostile]
    harmless(decks)
    file = tmp_path / "slides.tex"
    file.write_text(handouts(decks), encoding="utf-8")
    assert faults(typeset(pdflatex, file, 1)) == []
    sheets = [latex.export(derivation, worksheet=True, steps=True) for derivation in hostile]
    harmless(sheets)
    file.write_text("\\def\\deriveworksheet{}" + sheets[1], encoding="utf-8")
    assert faults(typeset(pdflatex, file, 2)) == []
    assert not (tmp_path / "owned").exists()


def faults(log):
    """Complaints but for a long word without a place to break it at: it is wide, but harmless."""
    return [each for each in complaints(log) if "Overfull" not in each]


def test_words_of_others_in_a_picture(hostile):
    for derivation in hostile:
        source = graph_svg.export(derivation)
        tags = {each.tag.rpartition("}")[2] for each in ET.fromstring(source).iter()}
        assert tags <= {"svg", "title", "desc", "style", "rect", "path", "polygon", "g", "text"}
        assert "alert(1)<" not in source


SYMBOLS = [
    r"\input{x}",
    r"\write18{x}",
    r"\catcode`\%=12",
    "^^5cinput",
    "x}",
    "{x",
    "x%",
    "x$y",
    "x#1",
    "x&y",
    "x\n\ny",
    r"\end{document}",
    r"\csname x\endcsname",
    "中",
]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_no_symbol_can_be_a_command(symbol):
    with pytest.raises(InputError, match="the LaTeX symbol"):
        derive.parameter("w", latex=symbol)
    with pytest.raises(InputError):
        Look(symbols=(("w", symbol),)).notation(catalogue.load("linear_regression"))


def test_a_symbol_without_latex_is_refused_and_not_left_out():
    """A letter that no font of LaTeX's has: the sentence names it. A picture can show it."""
    problem = catalogue.load("linear_regression")
    quantities = tuple(
        replace(each, latex="", text="ж") if each.name == "w" else each
        for each in problem.quantities
    )
    derivation = gradient(replace(problem, quantities=quantities), wrt="w", check="none")
    for export in (latex.export, beamer.export, graph_tikz.export):
        with pytest.raises(InputError, match="'ж' has no LaTeX symbol"):
            export(derivation)
    assert ">ж</text>" in graph_svg.export(derivation)
