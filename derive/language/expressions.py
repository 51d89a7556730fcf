"""Expressions: terms together with the quantities and functions that they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import isfinite
from typing import TypeAlias, TypeVar

from derive.errors import InputError
from derive.model import (
    AbstractFunction,
    Domain,
    Orientation,
    Role,
)
from derive.terms import (
    Apply,
    Family,
    Index,
    IndexLike,
    Number,
    Power,
    Product,
    Ref,
    Shift,
    Size,
    Term,
    add,
    children,
    factors_of,
    multiply,
    negate,
    power,
    reciprocal,
)

__all__ = [
    "AbstractHandle",
    "Expression",
    "FactHandle",
    "Named",
    "Operand",
    "SymbolOptions",
    "argument_of",
    "combined",
    "merged",
    "shown",
    "term_of",
]

_Item = TypeVar("_Item")


#: A number of more digits cannot be read on a page, and is hardly ever meant.
LARGEST_NUMBER = 10**200

#: What may stand beside an operator.
Operand: TypeAlias = "Expression | int | Fraction"


@dataclass(frozen=True, eq=False)
class Expression:
    """A term together with the quantities and functions it is made of.

    Combine expressions with ``+ - * / **``. An exponent is a number or an expression that does not
    depend on what is differentiated by; ``exp(p * ln(u))`` is any other power.
    """

    term: Term
    named: tuple[Named, ...] = ()
    functions: tuple[AbstractHandle, ...] = ()

    def __add__(self, other: Operand) -> Expression:
        return combined(add(term_of(self), term_of(other)), self, other)

    def __radd__(self, other: Operand) -> Expression:
        return combined(add(term_of(other), term_of(self)), other, self)

    def __sub__(self, other: Operand) -> Expression:
        return combined(add(term_of(self), negate(term_of(other))), self, other)

    def __rsub__(self, other: Operand) -> Expression:
        return combined(add(term_of(other), negate(term_of(self))), other, self)

    def __mul__(self, other: Operand) -> Expression:
        return combined(_product(term_of(self), term_of(other)), self, other)

    def __rmul__(self, other: Operand) -> Expression:
        return combined(_product(term_of(other), term_of(self)), other, self)

    def __truediv__(self, other: Operand) -> Expression:
        return combined(_quotient(term_of(self), term_of(other)), self, other)

    def __rtruediv__(self, other: Operand) -> Expression:
        return combined(_quotient(term_of(other), term_of(self)), other, self)

    def __neg__(self) -> Expression:
        return combined(negate(term_of(self)), self)

    def __pos__(self) -> Expression:
        return self

    def __pow__(self, exponent: Operand) -> Expression:
        if isinstance(exponent, Expression):
            return combined(power(term_of(self), term_of(exponent)), self, exponent)
        if isinstance(exponent, bool) or not isinstance(exponent, (int, Fraction)):
            raise InputError(
                f"({self}) ** {shown(exponent)}: an exponent is an integer or a Fraction; "
                "write exp(p * ln(u)) for any other power"
            )
        term_of(exponent)  # refuses a number that is too long
        base = term_of(self)
        if isinstance(base, Number) and not base.value and exponent < 0:
            raise InputError("1 is divided by 0")
        return combined(power(base, exponent), self)

    def __rpow__(self, base: object) -> Expression:
        raise InputError(
            f"{shown(base)} ** ({self}): an exponent is an integer or a Fraction; "
            "write exp(p * ln(u)) for any other power"
        )

    def __matmul__(self, other: object) -> Expression:
        raise InputError(
            f"{self} @ {shown(other)}: write products of arrays with their indices, "
            "as in derive.sum(w[j] * x[i, j], over=j)"
        )

    def __abs__(self) -> Expression:
        return combined(Apply("abs", (term_of(self),)), self)

    def __float__(self) -> float:
        raise InputError(f"{self} is a formula, not a number")

    def __bool__(self) -> bool:
        raise InputError(f"{self} is a formula, neither true nor false: it cannot be compared")

    def _compare(self, other: object) -> bool:
        raise InputError(f"{self} is a formula: it cannot be compared with {shown(other)}")

    # Python would answer == by identity: silently False for two equal formulas.
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _compare
    __hash__ = object.__hash__

    def __iter__(self) -> Iterator[Expression]:
        raise InputError(f"{self} is a formula and cannot be unpacked")

    def __str__(self) -> str:
        return str(self.term)


@dataclass(frozen=True, eq=False)
class Named(Expression):
    """A quantity with a name: subscript it (``x[i, j]``) to use it in an expression; a scalar is
    used as it stands."""

    name: str = ""
    letters: tuple[str, ...] = ()
    role: Role = "data"
    options: SymbolOptions = field(default_factory=lambda: SymbolOptions())
    body: Expression | None = None

    @property
    def specification(self) -> str:
        """As it was declared: ``x[i,j]``."""
        return f"{self.name}[{','.join(self.letters)}]" if self.letters else self.name

    def __getitem__(self, subscript: IndexLike | tuple[IndexLike, ...]) -> Expression:
        wanted = subscript if isinstance(subscript, tuple) else (subscript,)
        for index in wanted:
            if not isinstance(index, (Index, Shift)):
                raise InputError(
                    f"{self.name}[{', '.join(map(str, wanted))}]: {index!r} is not an index; "
                    'make indices with derive.indices("i:m")'
                )
        if len(wanted) != len(self.letters):
            given = ",".join(
                index.name if isinstance(index, Index) else str(index) for index in wanted
            )
            raise InputError(
                f"{self.name} was declared as {self.specification}, with "
                f"{_count(len(self.letters), 'index', 'indices')}, but {self.name}[{given}] "
                f"gives {len(wanted)}"
            )
        return Expression(Ref(self.name, wanted), (self,), ())

    def __str__(self) -> str:
        return self.specification


@dataclass(frozen=True)
class SymbolOptions:
    """How a quantity prints, what it means and where its values lie, as far as it was said."""

    latex: str | None = None
    text: str | None = None
    stack_latex: str | None = None
    stack_text: str | None = None
    meaning: str = ""
    domain: Domain = "real"
    orientation: Orientation = "column"
    constant: bool = False


@dataclass(frozen=True, eq=False)
class AbstractHandle:
    """A function that stays abstract; call it on expressions."""

    function: AbstractFunction

    def __call__(self, *arguments: Operand) -> Expression:
        name, arity = self.function.name, self.function.arity
        if len(arguments) != arity:
            raise InputError(
                f"{name} takes {_count(arity, 'argument', 'arguments')}, "
                f"but was given {len(arguments)}"
            )
        term = Apply(name, tuple(argument_of(argument) for argument in arguments))
        made = combined(term, *arguments)
        return replace(made, functions=merged(made.functions, (self,)))


@dataclass(frozen=True, eq=False)
class FactHandle:
    """An equation about the data, as given to :func:`problem`."""

    left: Expression
    right: Expression
    reason: str


def shown(value: object) -> str:
    """The value as an error message gives it."""
    return str(value) if isinstance(value, Expression) else repr(value)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def merged(*groups: Iterable[_Item]) -> tuple[_Item, ...]:
    """The items of all groups without repetitions, by identity, in order."""
    return tuple({id(item): item for group in groups for item in group}.values())


def term_of(operand: object) -> Term:
    """The operand as the term of one value.

    Raises:
        InputError: it is an array without its indices, a rounded number, a family, or no formula.
    """
    term = argument_of(operand)
    if isinstance(term, Family):
        raise InputError(f"{term} is not one value: it can only be given to an abstract function")
    return term


def argument_of(operand: object) -> Term:
    """The operand as a term; the argument of an abstract function may be a family of values."""
    match operand:
        case Named(letters=letters) if letters:
            raise InputError(
                f"{operand.name} has {_count(len(letters), 'index', 'indices')}: "
                f"write {operand.specification}, not {operand.name} alone"
            )
        case Expression(term=term):
            return term
        case bool():
            pass
        case int() | Fraction():
            value = Fraction(operand)
            if max(abs(value.numerator), value.denominator) >= LARGEST_NUMBER:
                raise InputError("a number in a formula has at most 200 digits")
            return Number(value)
        case float() if not isfinite(operand):
            raise InputError(f"{operand!r} is not a number that can stand in a formula")
        case float():
            raise InputError(
                f"{operand!r} is a rounded number; write an exact one, "
                f"such as Fraction({Fraction(str(operand)).numerator}, "
                f"{Fraction(str(operand)).denominator})"
            )
        case Index(name=name):
            raise InputError(f"the index {name} cannot stand in a formula as a number")
        case Shift():
            raise InputError(f"{operand} can only stand in a subscript, not as a number")
        case _:
            pass
    raise InputError(f"{operand!r} cannot stand in a formula")


def combined(term: Term, *operands: object) -> Expression:
    """The term as an expression that is made of what the operands are made of."""
    parts = [operand for operand in operands if isinstance(operand, Expression)]
    named = merged(*(((part,) if isinstance(part, Named) else part.named) for part in parts))
    functions = merged(*(part.functions for part in parts))
    return Expression(term, named, functions)


def _is_coefficient(term: Term) -> bool:
    """Whether the term is made of numbers and sizes alone, and so stands in front of a product."""
    match term:
        case Number() | Size() | Apply(arguments=()):
            return True
        case Power() | Product():
            return all(_is_coefficient(child) for child in children(term))
        case _:
            return False


def _product(left: Term, right: Term) -> Term:
    if _is_coefficient(right) and not _is_coefficient(left):
        if factors_of(left)[0] == Number(Fraction(-1)):  # −(1/m) Σ, and not (1/m) (−1) Σ
            return negate(multiply(right, negate(left)))
        return multiply(right, left)
    return multiply(left, right)


def _quotient(left: Term, right: Term) -> Term:
    if isinstance(right, Number) and right.value == 0:
        raise InputError(f"{left} is divided by 0")
    inverses = [
        Number(1 / factor.value)
        if isinstance(factor, Number)
        else power(factor.base, Number(-factor.exponent.value))
        if isinstance(factor, Power) and isinstance(factor.exponent, Number)
        else reciprocal(factor)
        for factor in factors_of(right)
    ]
    inverse = multiply(*inverses)
    return _product(left, inverse)
