r"""The laws of the rules as boxes, so that every medium writes them as it writes other formulas.

A law is a line of LaTeX from the rules. What is read here is the LaTeX that such lines use, and
nothing beyond: any other command is an error, which the tests of the rules' glossary would meet.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from derive.errors import InputError
from derive.exporters.formulas import SIGNS
from derive.notation.boxes import (
    BigOperator,
    Box,
    Call,
    Fraction,
    Juxtaposed,
    Listed,
    Root,
    Row,
    Scripts,
    Sign,
    Signed,
    Symbol,
    parenthesised,
)
from derive.notation.mathml import write_mathml
from derive.notation.text import write_text

__all__ = ["law_box", "law_mathml", "law_text"]

_TOKEN = re.compile(
    r"\\text\{(?P<text>[^{}]*)\}|\\operatorname\{(?P<operator>\w+)\}"
    r"|(?P<skip>\s+|\\,|\\left|\\right)|(?P<token>\\mathbf\{1\}|\\[a-zA-Z]+|.)"
)
_GREEK = {
    r"\alpha": "α",
    r"\delta": "δ",
    r"\lambda": "λ",
    r"\partial": "∂",
    r"\pi": "π",
    r"\psi": "ψ",
    r"\sigma": "σ",
    r"\varphi": "φ",
    r"\Gamma": "Γ",
    r"\Phi": "Φ",
}
_FUNCTIONS = (
    *("ln", "log", "exp", "tanh", "sinh", "cosh", "sin", "cos", "tan", "arctan"),
    *("max", "min", "det"),
)
_INDICATOR = r"\mathbf{1}"
_RELATIONS = {
    "=": SIGNS["="],
    ">": Symbol(">", " > ", "sign"),
    r"\le": Symbol(r"\le", " ≤ ", "sign"),
}
_CLOSING = {"(": ")", "[": "]"}
_EQUALS = Symbol("=", "=", "sign")
_PRIME = Symbol("'", "′", "sign")


def law_box(law: str, words: Callable[[str], str] = str, *, plain: bool = False) -> Box:
    r"""The boxes of a law.

    Args:
        law: its LaTeX.
        words: translates the words that are in it.
        plain: whether they are for a line of text.

    Raises:
        InputError: the law has something that laws don't have.

    >>> from derive.notation.text import write_text
    >>> write_text(law_box(r"\left(\frac fg\right)' = \frac{f'g - fg'}{g^2}"))
    '(f/g)′ = (f′ g − f g′)/g²'
    """
    reader = _Reader(law, words, plain=plain)
    box = reader.relation()
    if reader.token():
        raise reader.error()
    return box


def law_text(law: str, words: Callable[[str], str] = str) -> str:
    r"""A law as a line of text.

    >>> law_text(r"\sum_k c\,f_k = c \sum_k f_k")
    'Σₖ c f_k = c Σₖ f_k'
    """
    return write_text(law_box(law, words, plain=True))


def law_mathml(law: str, words: Callable[[str], str] = str) -> str:
    r"""A law as MathML, with its text as the alternative.

    >>> law_mathml(r"c + d = (c+d)").partition(">")[0]
    '<math xmlns="http://www.w3.org/1998/Math/MathML" displaystyle="true" alttext="c + d = (c + d)"'
    """
    written = write_mathml(law_box(law, words), displaystyle=True)
    opening = re.sub(
        'alttext="[^"]*"',
        lambda _: f'alttext="{escape(law_text(law, words))}"',
        written.partition(">")[0],
    )
    # A dot is a sign of LaTeX that no symbol may have, and so was written as a name.
    body = written.partition(">")[2].replace("<mi> · </mi>", "<mo>·</mo>")
    # The spaces of words are lost at their edges, and a limit that isn't there needs no room.
    body = re.sub("(?<=<mtext>) | (?=</mtext>)", "\N{NO-BREAK SPACE}", body)
    body = re.sub(
        r"<munderover>(<mo[^>]*>∑</mo>(?:(?!<mrow></mrow>).)*?)<mrow></mrow></munderover>",
        r"<munder>\1</munder>",
        body,
    )
    return f"{opening}>{body}"


class _Reader:
    """Reads a law from left to right."""

    def __init__(self, law: str, words: Callable[[str], str], *, plain: bool) -> None:
        self.law = law
        self.words = words
        self.plain = plain
        self.tokens = [match for match in _TOKEN.finditer(law) if match["skip"] is None]
        self.place = 0

    def error(self) -> InputError:
        at = self.tokens[self.place].start() if self.place < len(self.tokens) else len(self.law)
        return InputError(f"a law cannot be read from here on: {self.law[at : at + 40]!r}")

    def token(self) -> str:
        """The next token; empty at the end, and a backslash for words."""
        if self.place >= len(self.tokens):
            return ""
        return self.tokens[self.place]["token"] or "\\"

    def take(self, expected: str = "") -> str:
        token = self.token()
        if not token or (expected and token != expected):
            raise self.error()
        self.place += 1
        return token

    def relation(self) -> Box:
        """Sums with signs of equality, or of what is greater or less, between them."""
        parts = [self.sum()]
        while self.token() in _RELATIONS:
            parts += [_RELATIONS[self.take()], self.sum()]
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def sum(self) -> Box:
        signs: list[tuple[Sign, Box]] = []
        while not signs or self.token() in ("+", "-"):
            sign: Sign = "-" if self.token() == "-" else "+"
            if self.token() in ("+", "-"):
                self.take()
            signs.append((sign, self.product()))
        return signs[0][1] if signs == [("+", signs[0][1])] else Signed(tuple(signs))

    def product(self) -> Box:
        factors: list[Box] = []
        signs: list[Box] = []
        ends = ("", "+", "-", *_RELATIONS, ",", ")", "]", "}")
        while self.token() not in ends:
            if self.token() in (r"\cdot", r"\cdots", "/"):
                signs.append(_OPERATORS[self.take()])
                factors = [Row((_product(factors), signs[-1]))]
            elif self.token() == r"\sum":
                factors.append(self.big_sum())
            else:
                factors.append(self.factor())
                if signs:
                    factors = [Row(tuple(factors))]
        if not factors:
            raise self.error()
        return _product(factors)

    def big_sum(self) -> Box:
        """A sum over an index. Text has nothing that would stand for a limit that isn't there."""
        sign = Symbol(self.take(), "Σ", "sign")
        self.take("_")
        lower = _tight(self.group())
        if self.token() == "^":
            self.take()
            return BigOperator(sign, lower, self.group(), self.product())
        if self.plain:
            return Row((Scripts(sign, lower), Symbol("", " ", "sign"), self.product()))
        return BigOperator(sign, lower, Row(()), self.product())

    def factor(self) -> Box:
        box = self.scripted(self.atom())
        if self.token() == "(" and _is_function(box):
            self.take()
            box = self.scripted(Call(box, self.closed("(")))
        return box

    def scripted(self, base: Box) -> Box:
        sub: Box | None = None
        sup: Box | None = None
        while self.token() in ("_", "^", "'"):
            sign = self.take()
            if sign == "_":
                sub = _tight(self.group())
            else:
                sup = _PRIME if sign == "'" else self.group()
        return base if sub is sup is None else Scripts(base, sub, sup)

    def atom(self) -> Box:
        match = self.tokens[self.place] if self.place < len(self.tokens) else None
        if match is not None and match["text"] is not None:
            self.place += 1
            text = match["text"]
            words = self.words(text.strip())
            return Symbol(rf"\text{{{text.replace(text.strip(), words)}}}", words, "sign")
        if match is not None and match["operator"] is not None:
            self.place += 1
            return Symbol(match[0], match["operator"], "named operator")
        token = self.token()
        if token in _CLOSING:
            self.take()
            return self.closed(token)
        if token == "{":
            return self.group()
        if token == r"\frac":
            self.take()
            return _fraction(self.group(), self.group())
        if token == r"\sqrt":
            self.take()
            return Root(self.group())
        if token in _GREEK:
            return Symbol(
                self.take(), _GREEK[token], "sign" if token == r"\partial" else "function"
            )
        if token == _INDICATOR:
            self.take()
            sign = Symbol(r"\mathbf 1", "𝟏", "sign")
            return Call(sign, self.closed(self.take("["))) if self.token() == "[" else sign
        if token == r"\dots":
            self.take()
            return Symbol(r"\cdots", "⋯", "sign")
        if token[1:] in _FUNCTIONS:
            return self.function()
        if token.isascii() and token.isalnum():
            return Symbol(self.take(), token, "number" if token.isdecimal() else "identifier")
        raise self.error()

    def function(self) -> Box:
        """A named function with its argument, which has no parentheses: ``\\tanh^2 u``."""
        command = self.take()
        name = self.scripted(Symbol(command, command[1:], "named operator"))
        return Call(name, self.factor())

    def group(self) -> Box:
        """What stands in braces, or one sign without."""
        if self.token() != "{":
            return self.atom()
        self.take()
        box = self.relation()
        self.take("}")
        return box

    def closed(self, opening: str) -> Box:
        parts = [self.relation()]
        while self.token() == ",":
            self.take()
            parts.append(self.relation())
        body = parts[0] if len(parts) == 1 else Listed(tuple(parts))
        self.take(_CLOSING[opening])
        return parenthesised(body, "round" if opening == "(" else "square")


_OPERATORS = {
    r"\cdot": Symbol("", " · "),
    r"\cdots": Symbol(r"\cdots", " ⋯ ", "sign"),
    "/": Symbol("/", "/", "sign"),
}


def _product(factors: list[Box]) -> Box:
    return factors[0] if len(factors) == 1 else Juxtaposed(tuple(factors))


def _tight(box: Box) -> Box:
    """What stands below the line, without the spaces of a product or of an equation."""
    if isinstance(box, Juxtaposed):
        return Row(box.parts)
    if isinstance(box, Row):
        return Row(tuple(_EQUALS if part is SIGNS["="] else part for part in box.parts))
    return box


def _is_function(box: Box) -> bool:
    """Whether parentheses after it hold its argument."""
    name = box.base if isinstance(box, Scripts) and box.sub is None else box
    return isinstance(name, Symbol) and name.text in ("σ", "g", "softplus", "Φ", "φ", "ψ", "Γ")


def _fraction(above: Box, below: Box) -> Box:
    """A fraction; derivatives are set as such."""
    partial = Symbol(r"\partial", "∂", "sign")
    parts = [
        Row(box.parts) if isinstance(box, Juxtaposed) and box.parts[0] == partial else box
        for box in (above, below)
    ]
    is_derivative = isinstance(parts[1], Row) and parts[1].parts[0] == partial
    return Fraction(parts[0], parts[1], "derivative" if is_derivative else "ordinary")
