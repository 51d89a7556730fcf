"""MathML: every box, every symbol, and nothing that isn't well-formed."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.errors import InputError
from derive.notation.boxes import (
    UNIT,
    BigOperator,
    Call,
    Delimiter,
    Exponential,
    Fraction,
    Juxtaposed,
    Listed,
    Marked,
    Operator,
    Root,
    Row,
    Scripts,
    Signed,
    Symbol,
    parenthesised,
)
from derive.notation.mathml import NAMESPACE, escape, write_mathml
from derive.notation.symbols import _ACCENT_COMMANDS, _ALPHABETS, _SIGNS, default_symbols

a, m, i = Symbol("a", "a"), Symbol("m", "m"), Symbol("i", "i")
two = Symbol("2", "2", "number")
sigma = Symbol(r"\sigma", "σ", "function")
ln = Symbol(r"\ln", "ln", "named operator")
equals_one = Symbol("=1", "=1", "sign")
total = Symbol(r"\sum", "Σ", "sign")


def inside(box, **choices):
    """What stands in the element, which must be well-formed."""
    written = write_mathml(box, **choices)
    assert ET.fromstring(written).tag == f"{{{NAMESPACE}}}math"
    assert "\\" not in written
    return written.partition(">")[2].removesuffix("</math>")


BOXES = {
    "a row of factors": (Row((a, m)), "<mrow><mi>a</mi><mo>\u2062</mo><mi>m</mi></mrow>"),
    "a list": (Listed((a, m)), '<mrow><mi>a</mi><mo separator="true">,</mo><mi>m</mi></mrow>'),
    "a product": (Juxtaposed((two, a)), "<mrow><mn>2</mn><mo>\u2062</mo><mi>a</mi></mrow>"),
    "a number behind": (
        Juxtaposed((a, two)),
        '<mrow><mi>a</mi><mo form="infix">·</mo><mn>2</mn></mrow>',
    ),
    "a sum of terms": (
        Signed((("-", a), ("+", m))),
        '<mrow><mo form="prefix">−</mo><mi>a</mi><mo form="infix">+</mo><mi>m</mi></mrow>',
    ),
    "an operator": (Operator("+", binary=True), '<mo form="infix">+</mo>'),
    "a fraction": (Fraction(UNIT, m), "<mfrac><mn>1</mn><mi>m</mi></mfrac>"),
    "scripts": (Scripts(a, i, two), "<msubsup><mi>a</mi><mi>i</mi><mn>2</mn></msubsup>"),
    "a root": (Root(a), "<msqrt><mi>a</mi></msqrt>"),
    "e to a power": (Exponential(a), "<msup><mi>e</mi><mi>a</mi></msup>"),
    "a function with parentheses": (
        Call(sigma, parenthesised(a)),
        (
            '<mrow><mi>σ</mi><mo>\u2061</mo><mrow><mo form="prefix" stretchy="false">(</mo>'
            '<mi>a</mi><mo form="postfix" stretchy="false">)</mo></mrow></mrow>'
        ),
    ),
    "a function without": (
        Call(ln, a),
        '<mrow><mi>ln</mi><mo>\u2061</mo><mspace width="0.1667em"/><mi>a</mi></mrow>',
    ),
    "a sum over an index": (
        BigOperator(total, Row((i, equals_one)), m, a),
        (
            '<mrow><munderover><mo form="prefix">∑</mo><mrow><mi>i</mi>'
            '<mo lspace="0em" rspace="0em">=</mo><mn>1</mn></mrow><mi>m</mi></munderover>'
            "<mi>a</mi></mrow>"
        ),
    ),
    "one side of a pair": (
        Delimiter(parenthesised(a), "open"),
        '<mo form="prefix" stretchy="false">(</mo>',
    ),
    "a mark": (Marked(m), '<mrow class="derive-tracked"><mi>m</mi></mrow>'),
}


@pytest.mark.parametrize(("box", "expected"), BOXES.values(), ids=BOXES)
def test_every_kind_of_box(box, expected):
    assert inside(box) == expected


def test_the_choices_of_the_element():
    assert "display=" not in write_mathml(a)
    assert 'display="block"' in write_mathml(a, display=True)
    assert 'displaystyle="true"' in write_mathml(a, displaystyle=True)
    assert inside(Marked(a), mark="") == "<mrow><mi>a</mi></mrow>"
    assert ' alttext="1/m"' in write_mathml(Marked(Fraction(UNIT, m)))


def test_what_is_hidden_has_no_alternative_text():
    written = write_mathml(a, hidden=True)
    assert ' aria-hidden="true"' in written
    assert "alttext" not in written
    assert "aria-hidden" not in write_mathml(a)


def test_delimiters_grow_with_what_they_hold():
    assert 'minsize="1.8em"' in inside(parenthesised(Fraction(UNIT, m)), display=True)


def test_scripts_join_those_of_the_symbol():
    layered = Symbol(r"W^{[1]}", "W⁽¹⁾")
    written = inside(Scripts(layered, Listed((i, a)), None))
    assert written.startswith("<msubsup><mi>W</mi><mrow><mi>i</mi>")
    assert written.endswith('<mn>1</mn><mo stretchy="false">]</mo></mrow></msubsup>')


@pytest.mark.parametrize("accent", _ACCENT_COMMANDS)
def test_every_accent(accent):
    assert inside(Symbol(rf"\{accent}{{y}}", "y")).startswith('<mover accent="true"><mi>y</mi>')


@pytest.mark.parametrize("alphabet", _ALPHABETS)
@pytest.mark.parametrize("source", ["x", "h", "B", "1", r"\theta", "W^{[1]}", "max", r"\Gamma_1"])
def test_every_alphabet(alphabet, source):
    inside(Symbol(rf"\{alphabet}{{{source}}}", "x"))


@pytest.mark.parametrize("sign", sorted(_SIGNS))
def test_every_sign(sign):
    inside(Symbol(rf"\{sign}", "x"))


@given(st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,12}", fullmatch=True))
def test_every_name_that_a_quantity_may_have(name):
    symbols = default_symbols(name)
    for latex, text in (symbols[:2], symbols[2:]):
        inside(Symbol(latex, text))


@pytest.mark.parametrize("latex", [r"\input{x}", r"<b>", r"\href{x}{y}", "a&b", "$x$"])
@pytest.mark.parametrize("kind", ["identifier", "function", "sign", "number", "named operator"])
def test_what_no_symbol_may_hold_is_refused(latex, kind):
    with pytest.raises(InputError):
        write_mathml(Symbol(latex, "x", kind))


@given(st.text())
def test_any_text_is_escaped(text):
    """A symbol without LaTeX is written by its text."""
    inside(Symbol("", text or "é"), mark=text) if "\\" not in text else None
    assert ET.fromstring(f'<a b="{escape(text)}">{escape(text)}</a>').tag == "a"
