"""Reading data that somebody else may have written: every complaint names the place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from derive.errors import InputError

__all__ = ["MOST_LEVELS", "Cursor", "parse"]

_Value = TypeVar("_Value")

#: The deepest nesting of lists and objects that is read. Terms are nested about as deep as the
#: formula has brackets within brackets; what is deeper would exhaust the stack of the interpreter.
MOST_LEVELS = 160

#: The most digits of a number that is read: reading takes time quadratic in them.
MOST_DIGITS = 1000


@dataclass(frozen=True, slots=True)
class Cursor:
    """A value of parsed JSON and where it stands, such as ``lemmas[2].claim.term``.

    >>> Cursor({"name": 3}).field("name").string()
    Traceback (most recent call last):
    derive.errors.InputError: name: a string was expected, not a number
    """

    value: Any
    place: str = ""

    def error(self, message: str) -> InputError:
        """An error about this place, to be raised."""
        return InputError(f"{self.place or 'the top level'}: {message}")

    def _expected(self, what: str) -> InputError:
        return self.error(f"{what} was expected, not {_kind(self.value)}")

    def field(self, name: str) -> Cursor:
        """The value at a key of an object; it must be there."""
        found = self.optional(name)
        if found is None:
            raise self.error(f"{name!r} is missing")
        return found

    def optional(self, name: str) -> Cursor | None:
        """The value at a key of an object, or ``None`` where there is no such key."""
        if not isinstance(self.value, dict):
            raise self._expected("an object")
        if name not in self.value:
            return None
        return Cursor(self.value[name], f"{self.place}.{name}" if self.place else name)

    def items(self) -> tuple[Cursor, ...]:
        """The items of a list."""
        if not isinstance(self.value, list):
            raise self._expected("a list")
        return tuple(
            Cursor(item, f"{self.place}[{number}]") for number, item in enumerate(self.value)
        )

    def entries(self) -> Iterator[tuple[str, Cursor]]:
        """The keys of an object and what stands there, in order."""
        if not isinstance(self.value, dict):
            raise self._expected("an object")
        for name in self.value:
            yield name, self.field(name)

    def map(self, read: Callable[[Cursor], _Value]) -> tuple[_Value, ...]:
        """Each item of a list, read."""
        return tuple(read(item) for item in self.items())

    def nullable(self, read: Callable[[Cursor], _Value]) -> _Value | None:
        """The value, read, or ``None`` where it is ``null``."""
        return None if self.value is None else read(self)

    def string(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            raise self._expected("a string")
        return self.value

    def choice(self, among: tuple[_Value, ...]) -> _Value:
        """One of a few values."""
        for one in among:
            if type(one) is type(self.value) and one == self.value:
                return one
        listed = ", ".join(repr(one) for one in among)
        shown = f", not {self.value[:40]!r}" if isinstance(self.value, str) else ""
        raise self.error(f"one of {listed} was expected{shown}")

    def boolean(self) -> bool:
        """``true`` or ``false``."""
        if not isinstance(self.value, bool):
            raise self._expected("true or false")
        return self.value

    def whole(self, least: int = 0) -> int:
        """A whole number that is at least ``least``."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self._expected("a whole number")
        if self.value < least:
            raise self.error(f"at least {least} was expected, not {self.value}")
        return self.value

    def real(self) -> float:
        """A number; the words ``"inf"`` and ``"nan"`` stand for what JSON cannot write."""
        if isinstance(self.value, str) and self.value in ("inf", "-inf", "nan"):
            return float(self.value)
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)):
            raise self._expected("a number")
        try:
            return float(self.value)
        except OverflowError:
            raise self.error("the number is too large") from None

    def fraction(self) -> Fraction:
        """An exact rational number, written as ``"2"`` or ``"-1/2"``."""
        text = self.string()
        numerator, slash, denominator = text.partition("/")
        digits = (numerator.removeprefix("-"), *([denominator] if slash else []))
        if not all(part.isascii() and part.isdecimal() for part in digits):
            raise self.error(f'{text[:40]!r} is no fraction; write "2" or "-1/2"')
        if len(text) > MOST_DIGITS:
            raise self.error(f"the number has more than {MOST_DIGITS} digits")
        if slash and int(denominator) == 0:
            raise self.error(f"{text!r} divides by zero")
        return Fraction(int(numerator), int(denominator) if slash else 1)


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"


def parse(text: str) -> Cursor:
    """The top of a JSON text.

    Raises:
        InputError: it is no JSON, a key stands twice, or it is nested too deeply.

    >>> parse('{"name": "a"}').field("name").string()
    'a'
    """
    import json

    levels = _levels(text)
    if levels > MOST_LEVELS:
        raise InputError(
            f"the JSON is nested {levels} levels deep; more than {MOST_LEVELS} are not read"
        )
    try:
        return Cursor(
            json.loads(
                text,
                object_pairs_hook=_without_repetition,
                parse_constant=_no_constant,
                parse_int=_short_int,
            )
        )
    except json.JSONDecodeError as error:
        raise InputError(
            f"not JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        ) from None


def _levels(text: str) -> int:
    """How deeply lists and objects are nested; a bound where the text is no JSON."""
    import re

    level = deepest = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', text, re.DOTALL):
        first = token[0][0]
        if first in "[{":
            level += 1
            deepest = max(deepest, level)
        elif first in "]}":
            level -= 1
    return deepest


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise InputError(f"not JSON as it is read here: the key {name[:40]!r} stands twice")
        found[name] = value
    return found


def _no_constant(name: str) -> object:
    raise InputError(f"not JSON: {name} is no number of JSON")


def _short_int(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise InputError(f"a number has more than {MOST_DIGITS} digits")
    return int(digits)
