"""What holds of every term: it prints, with balanced delimiters, and lines lose nothing."""

from __future__ import annotations

import re
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from derive.notation import Notation, latex, latex_lines, plain_text, text_lines
from derive.notation.text import columns, unmarked
from derive.terms import (
    Add,
    Apply,
    Delta,
    Derivative,
    Family,
    Index,
    Number,
    Origin,
    Power,
    Product,
    Ref,
    Size,
    Sum,
    Term,
)

ORIGIN = Origin("rule", "power")
INDICES = (Index("i", "m"), Index("j", 3), Index("k'", "K"))

origins = st.sampled_from([(), (ORIGIN,)])
places = st.one_of(st.sampled_from(INDICES), st.integers(1, 12))
numbers = st.builds(Number, st.fractions(min_value=-4, max_value=4, max_denominator=5), origins)
refs = st.builds(
    Ref,
    st.sampled_from(["x", "yhat", "W1", "w_out", "lambda_", "loss"]),
    st.lists(places, max_size=2).map(tuple),
    origins,
)
leaves = st.one_of(
    numbers,
    refs,
    st.builds(Size, st.sampled_from(["m", "n1"]), origins),
    st.builds(Delta, places, places),
)


def _calls(arguments: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    known = st.builds(
        lambda name, argument, order: Apply(name, (argument,), (order,)),
        st.sampled_from(["exp", "ln", "sqrt", "sigmoid", "tanh", "softplus", "g", "phi"]),
        arguments,
        st.integers(0, 4),
    )
    abstract = st.builds(
        lambda first, second, orders: Apply("L", (first, second), orders),
        arguments,
        arguments,
        st.sampled_from([(), (0, 0), (1, 0), (2, 1)]),
    )
    return st.one_of(known, abstract)


def _larger(smaller: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    several = st.lists(smaller, min_size=2, max_size=4).map(tuple)
    exponents = st.one_of(st.sampled_from([-2, -1, 2, 3]).map(Fraction).map(Number), smaller)
    return st.one_of(
        st.builds(Add, several),
        st.builds(Product, several),
        st.builds(Power, smaller, exponents),
        st.builds(Power, smaller, st.just(Number(Fraction(-1, 2)))),
        st.builds(Sum, st.sampled_from(INDICES), smaller),
        st.builds(Family, st.sampled_from(INDICES), smaller),
        st.builds(Derivative, smaller, refs),
        _calls(smaller),
    )


terms = st.recursive(leaves, _larger, max_leaves=12)


def balanced(source: str) -> bool:
    """Braces, and delimiters whatever their size, open and close in turn."""
    opened: list[str] = []
    for character in source:
        if character in "([{":
            opened.append(character)
        elif character in ")]}" and (
            not opened or "([{".index(opened.pop()) != ")]}".index(character)
        ):
            return False
    return not opened


def has_double_script(source: str) -> bool:
    """Whether TeX would refuse the source: two superscripts or subscripts on one base, a prime
    after a superscript, or a script with nothing in it."""
    tokens = re.findall(r"\\[A-Za-z]+|\\.|[^\s]", source)
    seen: list[set[str]] = [set()]
    place = 0
    while place < len(tokens):
        token = tokens[place]
        place += 1
        if token in "^_'":
            script = "^" if token == "'" else token
            repeated_prime = token == "'" and tokens[place - 2] == "'"
            if script in seen[-1] and not repeated_prime:
                return True
            seen[-1].add(script)
            if token != "'":
                if tokens[place : place + 2] == ["{", "}"] or place == len(tokens):
                    return True
                if tokens[place] == "{":
                    seen.append({"in a script"})
                place += 1
        elif token == "{":
            seen[-1].discard("^")
            seen[-1].discard("_")
            seen.append(set())
        elif token == "}":
            seen.pop()
        else:
            seen[-1] -= {"^", "_"}
    return False


def test_the_double_script_check_can_fail() -> None:
    assert has_double_script("a^2^3")
    assert has_double_script("a_{1}^{x_i}_2")
    assert has_double_script("a^2'")
    assert has_double_script("a^{}")
    assert not has_double_script("{a^2}^3 + g''(x_i^2) + W^{[1]}_{hj}")


@given(terms)
@settings(max_examples=300, deadline=None)
def test_every_term_prints(term: Term) -> None:
    notation = Notation(track=ORIGIN, longest_sum=3)
    for shown in (latex(term), latex(term, notation), latex(term, inline=True)):
        assert shown
        assert balanced(shown)
        assert not has_double_script(shown)
    assert balanced(plain_text(term))
    assert plain_text(term, Notation(track=ORIGIN), mark=unmarked) == plain_text(term)


@given(terms)
@settings(max_examples=200, deadline=None)
def test_lines_lose_nothing(term: Term) -> None:
    lines = text_lines(term, columns=20)
    assert "".join(lines).replace(" ", "") == plain_text(term).replace(" ", "")
    in_latex = latex_lines(term, width=8.0)
    joined = "".join(line.removeprefix("{}") for line in in_latex)
    assert joined.replace(" ", "") == latex(term).replace(" ", "")
    if len(lines) == 1:
        assert columns(lines[0]) >= 1
