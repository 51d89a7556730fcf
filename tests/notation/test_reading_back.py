"""What is printed means what the term means.

A small reader of its own takes a printed formula, LaTeX or text, and gives its value by the usual
conventions: products bind more than sums, a slash takes one factor below, Σ and ∂/∂w take the
product that follows. It shares nothing with the printer, so a missing parenthesis shows.
"""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.notation import latex, plain_text
from derive.terms import (
    Add,
    Apply,
    Derivative,
    Index,
    Number,
    Power,
    Product,
    Ref,
    Size,
    Sum,
    Term,
)

VALUES = {"a": Fraction(3, 7), "b": Fraction(-5, 11), "c": Fraction(13, 17), "m": Fraction(19)}
THREE = Index("i", 3)


def applied(name: str, argument: Fraction) -> Fraction:
    """Stand-ins: exact, and different from each other."""
    return {"ln": 2 * argument + 1, "sigmoid": 3 * argument - 1, "exp": 5 * argument + 2}[name]


def differentiated(argument: Fraction) -> Fraction:
    return 7 * argument - 3


def value(term: Term) -> Fraction:
    match term:
        case Number(value=number):
            return number
        case Ref(name=name) | Size(name=name):
            return VALUES[name]
        case Add(terms=parts):
            return sum((value(part) for part in parts), Fraction(0))
        case Product(factors=parts):
            result = Fraction(1)
            for part in parts:
                result *= value(part)
            return result
        case Power(base=base, exponent=Number(value=exponent)):
            return value(base) ** int(exponent)
        case Apply(function=name, arguments=(argument,)):
            return applied(name, value(argument))
        case Sum(body=body):
            return 3 * value(body)
        case Derivative(of=of):
            return differentiated(value(of))
        case _:
            raise TypeError(term)


class Reader:
    """Recursive descent over the tokens of a printed formula."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else "end"

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        assert expected is None or token == expected, f"{token} for {expected}: {self.tokens}"
        self.place += 1
        return token

    def whole(self) -> Fraction:
        result = self.sum()
        self.take("end")
        return result

    def sum(self) -> Fraction:
        sign = -1 if self.peek() == "-" and self.take() else 1
        result = sign * self.product()
        while self.peek() in "+-":
            sign = 1 if self.take() == "+" else -1
            result += sign * self.product()
        return result

    def product(self) -> Fraction:
        result = self.factor()
        while True:
            token = self.peek()
            if token == "/":
                self.take()
                result /= self.factor()
            elif token == "*":
                self.take()
                result *= self.factor()
            elif token in ("end", "+", "-", ")", "]", "}"):
                return result
            else:
                result *= self.factor()

    def factor(self) -> Fraction:
        token = self.peek()
        if token == "sum":
            self.take()
            return 3 * self.product()
        if token == "∂":
            self.take()
            return differentiated(self.factor())
        if token in ("ln", "sigmoid"):
            self.take()
            exponent = self.exponent()
            argument = self.group() if self.peek() == "(" else self.atom()
            # A power behind the parentheses is one of the function's value.
            return applied(token, argument) ** (exponent * self.exponent())
        base = self.atom()
        return base ** self.exponent()

    def exponent(self) -> int:
        if self.peek() != "^":
            return 1
        self.take()
        return int(self.take())

    def atom(self) -> Fraction:
        token = self.peek()
        if token in "([{":
            return self.group()
        self.take()
        if token == "frac":
            above = self.group()
            return above / self.group()
        if token == "exp":
            return applied("exp", self.group())
        if token.isdigit():
            return Fraction(int(token))
        return VALUES[token]

    def group(self) -> Fraction:
        opened = self.take()
        result = self.sum()
        self.take({"(": ")", "[": "]", "{": "}"}[opened])
        return result


def read_latex(source: str) -> Fraction:
    source = re.sub(r"\\(big|Big|bigg|Bigg)[lr]|\\,", "", source)
    source = source.replace(r"\frac{\partial}{\partial a}", "∂")
    source = source.replace(r"\sum_{i=1}^{3}", " sum ").replace(r"\cdot", "*")
    source = re.sub(r"\\t?frac", " frac ", source).replace(r"\sigma", " sigmoid ")
    source = source.replace(r"\ln", " ln ").replace(r"\exp", " exp ").replace("e^{", " exp {")
    # A power has one digit, with or without braces; {…} around a base is no product.
    source = re.sub(r"\^\{(\d+)\}", r"^\1", source)
    return Reader(re.findall(r"sum|frac|sigmoid|ln|exp|[a-z]|\d+|\S", source)).whole()


def read_text(source: str) -> Fraction:
    source = source.replace("∂/∂a", "∂").replace("Σᵢ₌₁³", " sum ").replace("−", "-")
    source = source.replace("·", "*").replace("σ", " sigmoid ")
    source = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^" + str(int(m[0].translate(RAISED))), source)
    return Reader(re.findall(r"sum|sigmoid|ln|exp|[a-z]|\d+|\S", source)).whole()


RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")

leaves = st.one_of(
    st.sampled_from([Ref("a"), Ref("b"), Ref("c"), Size("m")]),
    st.builds(
        Number,
        st.sampled_from([Fraction(n, d) for n in (-3, -1, 1, 2) for d in (1, 3)]),
    ),
)


def _larger(smaller: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    several = st.lists(smaller, min_size=2, max_size=4).map(tuple)
    exponents = st.sampled_from([-2, -1, -1, 2, 3]).map(Fraction).map(Number)
    operands = smaller.filter(lambda term: not isinstance(term, Ref))
    return st.one_of(
        st.builds(Add, several),
        st.builds(Product, several),
        st.builds(Product, several),
        st.builds(Power, smaller, exponents),
        st.builds(Sum, st.just(THREE), smaller),
        st.builds(Derivative, operands, st.just(Ref("a"))),
        st.builds(lambda f, u: Apply(f, (u,)), st.sampled_from(["ln", "sigmoid", "exp"]), smaller),
    )


terms = st.recursive(leaves, _larger, max_leaves=10)


@given(terms)
@settings(max_examples=400, deadline=None)
def test_what_is_printed_means_the_term(term: Term) -> None:
    try:
        expected = value(term)
    except ZeroDivisionError:
        return
    assert read_text(plain_text(term)) == expected, plain_text(term)
    assert read_latex(latex(term)) == expected, latex(term)
    assert read_latex(latex(term, inline=True)) == expected, latex(term, inline=True)


def test_a_missing_parenthesis_is_noticed() -> None:
    term = Product((Add((Ref("a"), Ref("b"))), Ref("c")))
    assert read_text("(a + b) c") == value(term)
    assert read_text("a + b c") != value(term)
    assert read_latex(r"(a + b)\,c") == value(term)
    with pytest.raises(AssertionError):
        read_latex(r"(a + b\,c")
