"""Random contractions: no reading, or one that is equal on numbers. Never a wrong matrix."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from derive.checks.matrix import check_matrix
from derive.matrix import matrix_latex, matrix_text, vectorise
from derive.notation import Notation
from derive.terms import (
    ONE,
    Apply,
    Index,
    Ref,
    Size,
    Sum,
    Term,
    add,
    free_indices,
    multiply,
    negate,
    power,
    reciprocal,
)

from .conftest import h, i, j, k, problem

LEAVES: list[Term] = [
    Ref("x", (i, j)),
    Ref("y", (i,)),
    Ref("a", (i,)),
    Ref("w", (j,)),
    Ref("b"),
    Ref("p", (i, k)),
    Ref("W", (k, j)),
    Ref("bias", (k,)),
    Ref("v", (h,)),
    Ref("H", (i, h)),
    Ref("U", (h, j)),
    Ref("C", (k, h)),
    Size("m"),
]

leaves = st.sampled_from(LEAVES)
atoms = st.one_of(
    leaves,
    st.builds(lambda t: Apply("tanh", (t,)), leaves),
    st.builds(lambda t: add(ONE, negate(power(t, 2))), leaves),
    st.builds(lambda s, t: add(s, negate(t)), leaves, leaves),
    st.builds(reciprocal, leaves),
)


@st.composite
def contractions(draw: st.DrawFn) -> tuple[Term, tuple[Index, ...]]:
    """A product of two or three factors, summed over all indices but two at most."""
    term: Term = multiply(*draw(st.lists(atoms, min_size=2, max_size=3)))
    free = draw(st.permutations(free_indices(term)))
    kept = tuple(free[: draw(st.integers(0, 2))])
    for index in free[len(kept) :]:
        term = Sum(index, term)
    if draw(st.booleans()):
        term = add(term, draw(leaves.filter(lambda t: set(free_indices(t)) <= set(kept))))
    return term, kept


@settings(max_examples=150, deadline=None)
@given(contractions(), st.sampled_from(["rows", "columns"]))
def test_no_reading_or_the_right_one(drawn: tuple[Term, tuple[Index, ...]], layout: str) -> None:
    term, target = drawn
    form = vectorise(term, problem, layout, target)  # type: ignore[arg-type]
    if form.expression is None:
        assert form.reason
        return
    check = check_matrix(form, term, problem, seed=1)
    assert check.status == "passed", check.message
    notation = Notation(problem)
    latex, text = matrix_latex(form.expression, notation), matrix_text(form.expression, notation)
    for opening, closing in ("()", "{}"):
        assert latex.count(opening) == latex.count(closing)
        assert text.count(opening) == text.count(closing)
