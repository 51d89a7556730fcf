"""The symbols of names, and the LaTeX an author may use for one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import InputError
from derive.notation import default_symbols, latex, plain_text, validate_latex_symbol
from derive.notation.symbols import split_symbol
from derive.terms import Ref

NAMES = [
    ("w", "w", "w", "W", "W"),
    ("x", "x", "x", "X", "X"),
    ("W", "W", "W", "W", "W"),
    ("lambda_", r"\lambda", "λ", r"\Lambda", "Λ"),
    ("lambda", r"\lambda", "λ", r"\Lambda", "Λ"),
    ("λ", r"\lambda", "λ", r"\Lambda", "Λ"),
    ("alpha", r"\alpha", "α", r"\alpha", "α"),
    ("ell", r"\ell", "ℓ", "L", "L"),
    ("yhat", r"\hat{y}", "ŷ", r"\hat{Y}", "Ŷ"),
    ("y_hat", r"\hat{y}", "ŷ", r"\hat{Y}", "Ŷ"),
    ("a_bar", r"\bar{a}", "ā", r"\bar{A}", "Ā"),
    ("thetahat", r"\hat{\theta}", "θ̂", r"\hat{\Theta}", "Θ̂"),
    ("W1", "W^{[1]}", "W⁽¹⁾", "W^{[1]}", "W⁽¹⁾"),
    ("z12", "z^{[12]}", "z⁽¹²⁾", "Z^{[12]}", "Z⁽¹²⁾"),
    ("ahat2", r"\hat{a}^{[2]}", "â⁽²⁾", r"\hat{A}^{[2]}", "Â⁽²⁾"),
    ("w_1", "w_{1}", "w_1", "W_{1}", "W_1"),
    ("w_out", r"w_{\mathrm{out}}", "w_out", r"W_{\mathrm{out}}", "W_out"),
    ("loss", r"\mathrm{loss}", "loss", r"\mathrm{loss}", "loss"),
    ("my_long_name", r"\mathrm{my\_long\_name}", "my_long_name", None, None),
    ("what", r"\hat{w}", "ŵ", r"\hat{W}", "Ŵ"),
]


@pytest.mark.parametrize("row", NAMES, ids=[row[0] for row in NAMES])
def test_default_symbols(row: tuple[str, str, str, str | None, str | None]) -> None:
    name, as_latex, as_text, stack_latex, stack_text = row
    symbols = default_symbols(name)
    assert symbols[:2] == (as_latex, as_text)
    assert symbols[2:] == (stack_latex or as_latex, stack_text or as_text)


@pytest.mark.parametrize("name", ["", "2a", "a b", "a-b", "\\input", "a}"])
def test_only_identifiers_have_symbols(name: str) -> None:
    with pytest.raises(InputError, match="is not a name"):
        default_symbols(name)


def test_a_letter_without_latex_prints_as_text_alone() -> None:
    assert plain_text(Ref("é")) == "é"
    with pytest.raises(InputError, match="'é' has no LaTeX symbol"):
        latex(Ref("é"))


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)


@given(names)
@settings(max_examples=200, deadline=None)
def test_every_ascii_name_has_a_valid_symbol(name: str) -> None:
    symbols = default_symbols(name)
    assert validate_latex_symbol(symbols.latex) == symbols.latex
    assert validate_latex_symbol(symbols.stack_latex) == symbols.stack_latex


VALID = [
    (r"\hat{y}", (r"\hat{y}", "", "")),
    (r"\hat y", (r"\hat{y}", "", "")),
    (r"W^{[l-1]}", ("W", "", "[l-1]")),
    (r"\mathbf{W}_1", (r"\mathbf{W}", "1", "")),
    (r"x^\top", ("x", "", r"\top")),
    (r"z_{\mathrm{out}}^2", ("z", r"\mathrm{out}", "2")),
    (r"\ell", (r"\ell", "", "")),
    (r"dZ", ("dZ", "", "")),
    (r"g'", ("g", "", "'")),
    (r"x_1y", ("x_{1}y", "", "")),
    (r"\alpha x", (r"\alpha x", "", "")),
    (r"\mathrm{log-loss}", (r"\mathrm{{log-loss}}", "", "")),
]


@pytest.mark.parametrize(("symbol", "parts"), VALID, ids=[row[0] for row in VALID])
def test_valid_symbols(symbol: str, parts: tuple[str, str, str]) -> None:
    assert validate_latex_symbol(symbol) == symbol
    if symbol != r"\mathrm{log-loss}":
        assert split_symbol(symbol) == parts


INVALID = [
    ("", "nothing in it"),
    ("  ", "no base"),
    ("{}", "empty group|nothing"),
    (r"\input{x}", r"uses \\input"),
    (r"\write18{x}", r"uses \\write"),
    (r"\def\x{}", r"uses \\def"),
    (r"\hat", "nothing after"),
    (r"\hat{}", "empty group"),
    ("x^", "nothing after"),
    ("x^{}", "empty group"),
    ("x^1^2", "two scripts"),
    ("x_1_2", "two scripts"),
    ("x^2'", "two superscripts"),
    ("x'^2", "two scripts"),
    ("^2", "without a base"),
    ("{x", "isn't closed"),
    ("x}", "too many"),
    ("x$y", r"contains '\$'"),
    ("x%", "contains '%'"),
    ("x&y", "contains '&'"),
    ("x#1", "contains '#'"),
    ("x\\\\", r"contains"),
    ("x\ny", "contains"),
    ("é", "contains 'é'"),
    ("a-b", "outside a script"),
    ("f(x)", "outside a script"),
    ("a" * 81, "longer than 80"),
    ("{" * 79, "isn't closed"),
]


@pytest.mark.parametrize(("symbol", "fault"), INVALID, ids=[repr(row[0]) for row in INVALID])
def test_invalid_symbols(symbol: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        validate_latex_symbol(symbol)


@given(st.text(alphabet=r"ab1^_{}[]-+' \hatlmbd", max_size=24))
@settings(max_examples=400, deadline=None)
def test_an_accepted_symbol_has_a_normal_form(symbol: str) -> None:
    try:
        base, sub, sup = split_symbol(symbol)
    except InputError:
        return
    joined = base + (f"_{{{sub}}}" if sub else "")
    joined += sup if set(sup) == {"'"} else f"^{{{sup}}}" if sup else ""
    assert split_symbol(joined) == (base, sub, sup)
