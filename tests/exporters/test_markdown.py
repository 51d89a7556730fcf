"""Markdown in every dialect: mathematics is whole, labels are there, words are escaped."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import pytest

from derive import catalogue
from derive.errors import InputError
from derive.exporters import markdown
from derive.gradients import gradient
from derive.notation import Look

FLAVOURS = ("github", "myst", "quarto", "mkdocs", "jupyter")

#: What GitHub's MathJax, KaTeX and amsmath have in common, as far as it is used.
KNOWN = frozenset(
    re.findall(
        "[A-Za-z]+",
        """Bigl Bigr Biggl Biggr Sigma begin beta biggl biggr bigl bigr boxed cdot cdots delta
        displaystyle end exp frac gamma hat lambda ln lvert mathbf mathcal mathop mathrm max mu
        nabla ne nolimits odot partial pi prime qquad quad rvert sigma sqrt sum tag tanh text
        textcolor tfrac times top operatorname varepsilon""",
    )
)

DISPLAY = {
    "github": r"^```math\n(.*?)\n```$",
    "jupyter": r"^\$\$\n(.*?)\n\$\$$",
    "mkdocs": r"^\\\[\n(.*?)\n\\\]$",
    "myst": r"^```\{math\}\n(?::label: \S+\n\n)?(.*?)\n```$",
    "quarto": r"^\$\$\n(.*?)\n\$\$(?: \{#eq-\S+\})?$",
}
INLINE = {
    "github": r"\$`(.*?)`\$",
    "jupyter": r"\$(.*?)\$",
    "mkdocs": r"\\\((.*?)\\\)",
    "myst": r"\$(.*?)\$",
    "quarto": r"\$(.*?)\$",
}


def formulas(page, flavour):
    display = re.compile(DISPLAY[flavour], re.DOTALL | re.MULTILINE)
    yield from display.findall(page)
    yield from re.findall(INLINE[flavour], display.sub("", page))


def balanced(source):
    depth = 0
    for token in re.findall(r"\\.|[{}]", source):
        depth += {"{": 1, "}": -1}.get(token, 0)
        assert depth >= 0, source
    return depth == 0


@pytest.mark.parametrize(("name", "flavour"), list(product(catalogue.NAMES, FLAVOURS)))
def test_the_mathematics_is_whole(name, flavour, derivation_of):
    page = markdown.export(derivation_of(name), flavour=flavour, detail="full")
    found = list(formulas(page, flavour))
    assert len(found) > 50
    for source in found:
        assert balanced(source), source
        assert source.count(r"\begin") == source.count(r"\end") <= 1
        assert set(re.findall(r"\\([A-Za-z]+)", source)) <= KNOWN
        assert "\n\n" not in source
        assert "derivetrack" not in source
    assert r"\textcolor{red}{\boxed{" in page
    if flavour == "github":
        assert r"\operatorname" not in page
        assert r"\label" not in page


@pytest.mark.parametrize(("name", "flavour"), list(product(catalogue.NAMES, ["myst", "quarto"])))
def test_every_reference_has_its_label_once(name, flavour, derivation_of):
    page = markdown.export(derivation_of(name), flavour=flavour)
    label = {"myst": r"^:label: (\S+)$", "quarto": r"\{#(eq-\S+)\}"}[flavour]
    reference = {"myst": r"\{eq\}`([^`]+)`", "quarto": r"@(eq-[A-Za-z0-9-]*[A-Za-z0-9])"}[flavour]
    labels = re.findall(label, page, re.MULTILINE)
    references = re.findall(reference, page)
    assert len(labels) == len(set(labels)) > 5
    assert references
    assert set(references) <= set(labels)


@pytest.mark.parametrize("flavour", ["myst", "quarto"])
def test_what_is_cited_in_a_reason_looks_as_it_does_elsewhere(flavour, derivation_of):
    """A renamed quantity and the place of an example's index, in the claims inside of formulas."""
    look = Look(examples="superscript", symbols=(("w", "theta"),))
    page = markdown.export(derivation_of("logistic_regression"), flavour=flavour, look=look)
    old = re.compile(r"(?<![A-Za-z\\])w(?![A-Za-z])|z_i|z_\{i")
    cited = 0
    for source in formulas(page, flavour):
        bare = re.sub(r"\\text\{[^{}]*\}", "", source)
        assert not old.search(bare), source
        cited += source.count(r"\text{by }\partial z^{(i)}/\partial\theta_j")
    assert cited
    plain = markdown.export(derivation_of("logistic_regression"), flavour=flavour)
    assert any(old.search(source) for source in formulas(plain, flavour))


@pytest.mark.parametrize("flavour", ["github", "mkdocs", "jupyter"])
def test_numbers_are_printed_in_order(flavour, derivation_of):
    page = markdown.export(derivation_of("logistic_regression"), flavour=flavour)
    numbers = [int(each) for each in re.findall(r"\\tag\{(\d+)\}", page)]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_tables_have_as_many_cells_everywhere(flavour, derivation_of):
    for name in catalogue.NAMES:
        page = markdown.export(derivation_of(name), flavour=flavour)
        for block in page.split("\n\n"):
            if block.startswith("|"):
                assert len({line.count("|") for line in block.splitlines()}) == 1, block


HOSTILE = (
    "<script>alert(1)</script> <!-- [x](javascript:y) **b** _i_ `c` | $x$ $$y$$ \\(z\\) \\begin{a} "
    "::: {.callout} :::{note} <a href=javascript:alert(1)> </script> "
    "{{ x }} {eq}`q` @eq-x :smile: # 1. \n\n# heading\n\n```\n~~~ &amp; \x1b[2J\u202e ![i](j)"
)


def hostile():
    problem = catalogue.load("logistic_regression")
    return replace(
        problem,
        title=HOSTILE,
        summary=HOSTILE,
        quantities=tuple(replace(each, meaning=HOSTILE) for each in problem.quantities),
        definitions=tuple(replace(each, meaning=HOSTILE) for each in problem.definitions),
    )


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_words_of_others_are_no_markup(flavour):
    page = markdown.export(gradient(hostile(), wrt="w", check="none"), flavour=flavour)
    assert "<script" not in page
    assert "<!--" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    outside = re.sub(DISPLAY[flavour], "", page, flags=re.DOTALL | re.MULTILINE)
    assert "](j" not in outside.replace("\\]", "")
    assert "\n# heading" not in page
    assert r"\begin" not in outside.replace(r"\\", "")  # a pair is an escaped backslash
    assert len(re.findall("^# ", page, re.MULTILINE)) == 1
    assert "</script" not in page
    assert not re.search(r"^\s*:::", page, re.MULTILINE)
    sentences = re.sub(INLINE[flavour], "", outside)
    assert "href=" not in sentences
    assert "](javascript:" not in sentences.replace("\\]", "")
    assert ":::" not in sentences
    for source in formulas(page, flavour):
        assert balanced(source)


HOSTILE_LATEX = (
    r"\href{javascript:alert(1)}{w}",
    r"</script><script>alert(1)</script>",
    r"w$$ x",
    r"w` x",
    "w | x",
    "w\n:::",
    r"\text{$x$}",
)


@pytest.mark.parametrize("latex", HOSTILE_LATEX)
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_symbol_that_is_none_is_refused(flavour, latex):
    problem = catalogue.load("logistic_regression")
    quantities = tuple(
        replace(each, latex=latex, stack_latex=latex) if each.name == "w" else each
        for each in problem.quantities
    )
    derivation = gradient(replace(problem, quantities=quantities), wrt="w", check="none")
    with pytest.raises(InputError):
        markdown.export(derivation, flavour=flavour)


@pytest.mark.parametrize("flavour", ["github", "jupyter", "myst"])
def test_commonmark_sees_no_markup_in_words_of_others(flavour):
    library = pytest.importorskip("markdown_it", reason="a parser of CommonMark")
    parser = library.MarkdownIt("commonmark")
    spans = "<span>$</span>", "<span>\\</span>"
    text = parser.render(markdown.escape(HOSTILE, scripted=flavour != "myst"))
    for span in spans:
        text = text.replace(span, span[6])
    from html import unescape

    from derive.exporters.text import printable

    assert unescape(re.sub(r"^<p>|</p>\n$", "", text)) == printable(HOSTILE).strip()


@pytest.mark.parametrize(
    "words", ["- a", "+ a", "1. a", "1) a", "# a", "> a", "    a", "--- a", ": a"]
)
def test_a_paragraph_stays_a_paragraph(words):
    library = pytest.importorskip("markdown_it", reason="a parser of CommonMark")
    page = markdown._at_start(markdown.escape(words))
    assert library.MarkdownIt("commonmark").render(page).startswith("<p>")


def test_words_in_mathematics():
    assert markdown.words_in_mathematics("50% of {x} & λ²") == (
        r"\text{50}\%\text{ of }\{\text{x}\}\text{ }\&\text{ }\lambda {}^{2}"
    )


def test_a_prefix_and_a_level(derivation_of):
    page = markdown.export(derivation_of("mean_loss"), flavour="myst", label="a", heading=3)
    assert page.startswith("### ")
    assert "\n#### 1. " in page
    assert ":label: a-" in page


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"flavour": "html"}, "'html' is none of"),
        ({"label": "a b"}, "cannot be the prefix"),
        ({"heading": 7}, "no level of a heading"),
        ({"parts": ["nothing"]}, "is no part of a document"),
    ],
)
def test_what_cannot_be(options, message, derivation_of):
    with pytest.raises(InputError, match=message):
        markdown.export(derivation_of("mean_loss"), **options)


def test_the_results_alone(derivation_of):
    source = markdown.results(derivation_of("mlp"))
    assert source.startswith("$$\\begin{aligned}\n")
    assert source.endswith("\n\\end{aligned}$$")
    assert balanced(source)
    assert source.count("&=") == 4
