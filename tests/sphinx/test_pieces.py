"""Where a page may break a long formula."""

from __future__ import annotations

import pytest

from derive.document import build
from derive.document.model import Equations
from derive.exporters.formulas import formula_box
from derive.gradients import gradient
from derive.notation import PLAIN, width_in_em
from derive.notation.boxes import Symbol
from derive.notation.text import write_text
from derive.sphinx.pieces import pieces


def right_sides(name: str) -> list:
    derivation = gradient(name, check="none")
    document = build(derivation, parts="small any")
    notation = PLAIN.notation(document.problem, track=document.track, longest_sum=6)
    return [
        formula_box(line.right, notation)
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Equations)
        for line in block.lines
    ]


@pytest.mark.parametrize("name", ["logistic_regression", "mlp", "softmax_regression"])
def test_pieces_are_all_of_a_formula_and_fit_a_phone(name):
    broken = 0
    for box in right_sides(name):
        found = pieces(box, 17)
        broken += len(found) > 1
        assert all(width_in_em(piece) <= 20 for piece in found), write_text(box)
        together = "".join(write_text(piece) for piece in found)
        assert together.replace(" ", "") == write_text(box).replace(" ", "")
        if width_in_em(box) <= 17:
            assert found == [box]
    assert broken > 0


def test_a_sum_is_broken_between_its_terms_and_not_inside_of_them():
    seen = 0
    for box in right_sides("mlp"):
        texts = [write_text(piece) for piece in pieces(box, 17)]
        for text in texts[1:]:
            seen += 1
            # In all of this there is no place where a bracket inside of a term has to be broken.
            assert text.strip()[0] in "+−", texts
            depth = text.count("[") + text.count("(") - text.count("]") - text.count(")")
            assert depth in (0, -1, -2), texts
    assert seen > 3


def test_what_has_no_sign_to_break_at_stays_whole():
    box = Symbol("x" * 40, "x" * 40)
    assert pieces(box, 17) == [box]
