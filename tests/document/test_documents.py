"""What a document says: every line has its reason, and every reference its line."""

from __future__ import annotations

import re
from itertools import product

import pytest

from derive import catalogue
from derive.document import PARTS, build, why
from derive.document.build import scientific, significant, words
from derive.document.model import Bullets, Equations, Paragraph, Reference, Table, Views
from derive.errors import InputError
from derive.gradients import gradient
from derive.rules import RULES
from derive.terms import Size, key

DETAILS = ("brief", "normal", "full")
every_page = pytest.mark.parametrize(("name", "detail"), list(product(catalogue.NAMES, DETAILS)))


def blocks(document):
    yield from document.opening
    for section in document.sections:
        yield from section.blocks


def steps(document):
    """The lines of derivations, with the key of their section."""
    for section in document.sections:
        if section.key in ("small", "any"):
            for block in section.blocks:
                if isinstance(block, Equations):
                    yield from ((section.key, line) for line in block.lines)


def sentences(document):
    for block in blocks(document):
        match block:
            case Paragraph(parts=parts):
                yield parts
            case Bullets(items=items):
                yield from items
            case Equations(lines=lines):
                yield from (line.reason for line in lines)
            case Table(head=head, rows=rows):
                yield from head
                yield from (cell for row in rows for cell in row)


@every_page
def test_every_line_has_its_rule_and_its_reason(name, detail, derivation_of):
    lines = list(steps(build(derivation_of(name), detail=detail)))
    assert len(lines) > 5
    for _, line in lines:
        assert "".join(map(str, line.reason)).strip(), line
        assert line.rule in RULES or line.rule == "lemma"


@every_page
def test_labels_are_unique_and_references_have_their_line(name, detail, derivation_of):
    document = build(derivation_of(name), detail=detail)
    labels = list(document.labels())
    assert len(labels) == len(set(labels))
    references = [
        part.label for parts in sentences(document) for part in parts if isinstance(part, Reference)
    ]
    assert references
    assert set(references) <= set(labels)


@every_page
def test_a_line_refers_only_to_lines_above_it(name, detail, derivation_of):
    document = build(derivation_of(name), detail=detail)
    seen = set()
    for _, line in steps(document):
        for part in line.reason:
            if isinstance(part, Reference):
                assert part.label in seen
        seen.add(line.label)


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_more_detail_keeps_every_line(name, derivation_of):
    """Each level holds all lines of the one below: what is added stands between them."""
    brief, normal, full = (
        {key(line.right) for _, line in steps(build(derivation_of(name), detail=detail))}
        for detail in DETAILS
    )
    assert brief < normal < full


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_each_lemma_ends_with_its_result(name, derivation_of):
    derivation = derivation_of(name)
    document = build(derivation)
    ends = {line.label: line.right for _, line in steps(document) if line.label}
    for lemma in derivation.lemmas:
        label = f"lemma:{lemma.number}"
        if label in ends:
            assert ends[label] == lemma.result
    assert any(label.startswith("lemma:") for label in ends)


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_the_sections(name, derivation_of):
    keys = [section.key for section in build(derivation_of(name)).sections]
    assert keys == ["cost", "small", "any", "matrices", "origin", "scaling", "checks"]


def test_one_layout_alone(derivation_of):
    def tables(layout):
        document = build(derivation_of("mean_loss"), layout=layout)
        section = next(each for each in document.sections if each.key == "matrices")
        blocks = [
            inner
            for block in section.blocks
            for inner in (
                [each for view in block.views for each in view.blocks]
                if isinstance(block, Views)
                else [block]
            )
        ]
        return [block for block in blocks if isinstance(block, Table)]

    rows, columns = tables("rows"), tables("columns")
    assert len(rows) == len(columns) == 1
    assert tables("both") == [*rows, *columns]


@pytest.mark.parametrize("part", PARTS)
def test_one_part_alone(part, derivation_of):
    document = build(derivation_of("logistic_regression"), parts=[part])
    assert bool(document.opening) == (part == "result")
    assert [section.key for section in document.sections] == [part] * (part != "result")


def test_a_part_cites_no_line_that_is_left_out(derivation_of):
    every: set[str] = set()
    for name in catalogue.NAMES:
        for part in PARTS:
            document = build(derivation_of(name), parts=[part])
            printed = set(document.labels())
            cited = set(re.findall(r"Reference\(label='([^']*)'\)", repr(document)))
            assert cited <= printed, (name, part)
            every |= cited
    assert every


@pytest.mark.parametrize("parts", [(), ["all"], "any, every"])
def test_parts_that_there_are_not(parts, derivation_of):
    with pytest.raises(InputError, match="there are result, cost"):
        build(derivation_of("mean_loss"), parts=parts)


def test_an_unchecked_derivation_says_nothing_of_checks():
    document = build(gradient("mean_loss", check="none"))
    assert "checks" not in [section.key for section in document.sections]


def test_a_check_that_failed_or_did_not_run_is_not_called_passed(derivation_of):
    from dataclasses import replace

    derivation = derivation_of("mean_loss")
    first, *others = derivation.checks
    for status, told in (("failed", "1 of "), ("could not run", "could not run")):
        changed = replace(derivation, checks=(replace(first, status=status), *others))
        section = next(each for each in build(changed).sections if each.key == "checks")
        (table,) = section.blocks
        outcome = next(row[2][0] for row in table.rows if told in str(row[2][0]))
        assert "passed" not in str(outcome)


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_why_is_the_one_section(name, derivation_of):
    document = why(derivation_of(name))
    assert [section.key for section in document.sections] == ["origin"]
    assert not list(document.labels())
    assert not any(isinstance(part, Reference) for s in sentences(document) for part in s)


def test_the_counterexample_is_computed(derivation_of):
    derivation = derivation_of("logistic_regression")
    slip = derivation.meanings[0].slip
    assert slip is not None
    assert slip.right not in slip.slipped


def test_words_hold_symbols():
    problem = catalogue.load("logistic_regression")
    parts = words("a label of example i, the first m", problem)
    assert [part for part in parts if not isinstance(part, str)] == [
        problem.example_index,
        Size("m"),
    ]
    assert words("it is", problem) == ("it", " ", "is")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (174.3, "170"),
        (1532.0, "1500"),
        (0.000841, "0.00084"),
        (7.0, "7.0"),
        (0.0, "0"),
        (9.96, "10"),
    ],
)
def test_significant(value, written):
    assert significant(value) == written


@pytest.mark.parametrize(
    ("value", "written"), [(1e-32, "10⁻³²"), (3e-6, "3 · 10⁻⁶"), (0.0, "0"), (1.0, "10⁰")]
)
def test_scientific(value, written):
    assert scientific(value) == written
