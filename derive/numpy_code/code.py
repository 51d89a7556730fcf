"""Python expressions with their precedence, and the operations that put them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from fractions import Fraction

__all__ = [
    "Code",
    "Level",
    "as_column",
    "matmul",
    "negated",
    "number",
    "over",
    "plus",
    "raised",
    "summed",
    "times",
]


class Level(IntEnum):
    """How tightly a Python expression holds together."""

    ADD = 1
    MULTIPLY = 2
    UNARY = 3
    POWER = 4
    ATOM = 5


@dataclass(frozen=True, slots=True)
class Code:
    """A Python expression and how tightly it holds together.

    ``terms`` are the terms of a sum; ``is_product`` says that it is a matrix product (``@``).
    ``parts`` are a large array and what it is multiplied by along one axis, a smaller one.
    """

    text: str
    level: Level = Level.ATOM
    terms: tuple[Code, ...] = ()
    is_product: bool = False
    parts: tuple[Code, Code] | None = None

    @property
    def is_negative(self) -> bool:
        """Whether a minus sign stands in front of the whole expression."""
        return self.text.startswith("-") and self.level > Level.ADD

    def at(self, level: Level) -> str:
        """The text where at least ``level`` is needed."""
        return self.text if self.level >= level else f"({self.text})"


def times(*parts: Code) -> Code:
    """The elementwise product, with at most one minus sign, in front."""
    if len(parts) == 1:
        return parts[0]
    negative = sum(part.is_negative for part in parts) % 2 == 1
    first, *rest = (negated(part) if part.is_negative else part for part in parts)
    texts = [first.at(Level.UNARY if first.is_product else Level.MULTIPLY)]
    texts += [part.at(Level.UNARY) for part in rest]
    whole = Code(" * ".join(texts), Level.MULTIPLY)
    return negated(whole) if negative else whole


def over(above: Code, below: Code) -> Code:
    """The elementwise quotient."""
    return Code(f"{above.at(Level.MULTIPLY)} / {below.at(Level.UNARY)}", Level.MULTIPLY)


def matmul(parts: Sequence[Code]) -> Code:
    """The matrix product."""
    texts = [part.at(Level.UNARY) for part in parts]
    return Code(" @ ".join(texts), Level.MULTIPLY, is_product=True)


def negated(code: Code) -> Code:
    """The expression with the other sign; a sum of negative terms loses their signs."""
    if code.is_negative:
        level = code.level if code.level < Level.UNARY else Level.ATOM
        return replace(code, text=code.text[1:], level=level)
    if code.terms and all(term.is_negative for term in code.terms):
        return plus([negated(term) for term in code.terms])
    level = min(Level.UNARY, code.level) if code.level > Level.ADD else Level.UNARY
    return Code(f"-{code.at(Level.MULTIPLY)}", level)


def plus(parts: Iterable[Code]) -> Code:
    """The sum; a term with a minus sign is subtracted."""
    terms = tuple(parts)
    if len(terms) == 1:
        return terms[0]
    text = terms[0].at(Level.ADD)
    for term in terms[1:]:
        if term.is_negative:
            text += f" - {negated(term).at(Level.MULTIPLY)}"
        else:
            text += f" + {term.at(Level.MULTIPLY)}"
    return Code(text, Level.ADD, terms)


def raised(base: Code, exponent: Code) -> Code:
    """A power, with spaces around the sign unless both sides are simple."""
    left, right = base.at(Level.ATOM), exponent.at(Level.UNARY)
    simple = all(part.replace(".", "").replace("_", "").isalnum() for part in (left, right))
    return Code(f"{left}**{right}" if simple else f"{left} ** {right}", Level.POWER)


def number(value: Fraction) -> Code:
    """An exact number as Python writes it: ``2``, ``1 / 2``."""
    if value < 0:
        return negated(number(-value))
    if value.denominator == 1:
        return Code(str(value.numerator))
    return Code(f"{value.numerator} / {value.denominator}", Level.MULTIPLY)


def as_column(code: Code) -> Code:
    """A vector as a column that is broadcast along the rows."""
    return Code(f"{code.at(Level.ATOM)}[:, None]")


def summed(code: Code, axis: int | None) -> Code:
    """The sum along an axis, or of everything."""
    text = code.at(Level.ATOM)
    if axis is None and code.level == Level.ATOM:  # a sum of sums is one sum
        text = text.removesuffix(".sum(axis=0)").removesuffix(".sum(axis=1)")
    return Code(f"{text}.sum({'' if axis is None else f'axis={axis}'})")
