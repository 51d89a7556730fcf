"""How a cost is written in Python: the way the textbook writes it.

>>> import derive
>>> i, j = derive.indices("i:m", "j:n")
>>> x, y = derive.data("x[i,j]", "y[i]")
>>> w, b = derive.parameters("w[j]", "b")
>>> z = derive.define("z[i]", derive.sum(w[j] * x[i, j], over=j) + b)
>>> J = derive.mean((z[i] - y[i]) ** 2, over=i)
>>> problem = derive.problem(J, name="least_squares")
>>> [definition.name for definition in problem.definitions]
['z', 'J']

Nothing here is registered anywhere: an expression knows the quantities it is made of, and
:func:`problem` collects them. Shapes are read off the indices and checked when the problem is put
together.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeAlias, TypeVar, get_args, overload

from derive.errors import InputError
from derive.functions import FUNCTIONS
from derive.model import (
    AbstractFunction,
    Definition,
    Domain,
    Fact,
    Orientation,
    Problem,
    Quantity,
    Role,
)
from derive.notation.symbols import default_symbols, validate_latex_symbol
from derive.terms import (
    Apply,
    Family,
    Index,
    Number,
    Power,
    Product,
    Ref,
    Size,
    Sum,
    Term,
    add,
    children,
    factors_of,
    free_indices,
    multiply,
    negate,
    power,
    reciprocal,
    references,
    separate,
    terms_of,
    walk,
)

__all__ = [
    "AbstractHandle",
    "Expression",
    "FactHandle",
    "Named",
    "arctan",
    "cos",
    "cosh",
    "data",
    "define",
    "exp",
    "fact",
    "family",
    "function",
    "hyperparameter",
    "indices",
    "ln",
    "mean",
    "parameter",
    "parameters",
    "problem",
    "sigmoid",
    "sin",
    "sinh",
    "size",
    "softplus",
    "sqrt",
    "sum",
    "tanh",
]

_Item = TypeVar("_Item")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_SPECIFICATION = re.compile(r"\s*([^\[\]\s]+)\s*(?:\[([^\[\]]*)\])?\s*\Z")


# Expressions -------------------------------------------------------------------------------------

#: What may stand beside an operator.
Operand: TypeAlias = "Expression | int | Fraction"


@dataclass(frozen=True, eq=False)
class Expression:
    """A term together with the quantities and functions it is made of.

    Combine expressions with ``+ - * / **``; write ``**`` for powers with a fixed exponent.
    """

    term: Term
    named: tuple[Named, ...] = ()
    functions: tuple[AbstractHandle, ...] = ()

    def __add__(self, other: Operand) -> Expression:
        return _combine(add(_term(self), _term(other)), self, other)

    def __radd__(self, other: Operand) -> Expression:
        return _combine(add(_term(other), _term(self)), other, self)

    def __sub__(self, other: Operand) -> Expression:
        return _combine(add(_term(self), negate(_term(other))), self, other)

    def __rsub__(self, other: Operand) -> Expression:
        return _combine(add(_term(other), negate(_term(self))), other, self)

    def __mul__(self, other: Operand) -> Expression:
        return _combine(_product(_term(self), _term(other)), self, other)

    def __rmul__(self, other: Operand) -> Expression:
        return _combine(_product(_term(other), _term(self)), other, self)

    def __truediv__(self, other: Operand) -> Expression:
        return _combine(_quotient(_term(self), _term(other)), self, other)

    def __rtruediv__(self, other: Operand) -> Expression:
        return _combine(_quotient(_term(other), _term(self)), other, self)

    def __neg__(self) -> Expression:
        return _combine(negate(_term(self)), self)

    def __pos__(self) -> Expression:
        return self

    def __pow__(self, exponent: int | Fraction) -> Expression:
        if isinstance(exponent, bool) or not isinstance(exponent, (int, Fraction)):
            raise InputError(
                f"({self}) ** {_shown(exponent)}: an exponent is an integer or a Fraction; "
                "write exp(p * ln(u)) for any other power"
            )
        base = _term(self)
        if isinstance(base, Number) and not base.value and exponent < 0:
            raise InputError("1 is divided by 0")
        return _combine(power(base, exponent), self)

    def __rpow__(self, base: object) -> Expression:
        raise InputError(
            f"{_shown(base)} ** ({self}): an exponent is an integer or a Fraction; "
            "write exp(p * ln(u)) for any other power"
        )

    def __matmul__(self, other: object) -> Expression:
        raise InputError(
            f"{self} @ {_shown(other)}: write products of arrays with their indices, "
            "as in derive.sum(w[j] * x[i, j], over=j)"
        )

    def __abs__(self) -> Expression:
        raise InputError(
            f"|{self}| has no derivative at 0; write a smooth function, "
            "such as sqrt(u**2 + epsilon)"
        )

    def __float__(self) -> float:
        raise InputError(f"{self} is a formula, not a number")

    def __bool__(self) -> bool:
        raise InputError(f"{self} is a formula, neither true nor false: it cannot be compared")

    def _compare(self, other: object) -> bool:
        raise InputError(f"{self} is a formula: it cannot be compared with {_shown(other)}")

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
    options: _Options = field(default_factory=lambda: _Options())
    body: Expression | None = None

    @property
    def specification(self) -> str:
        """As it was declared: ``x[i,j]``."""
        return f"{self.name}[{','.join(self.letters)}]" if self.letters else self.name

    def __getitem__(self, subscript: Index | int | tuple[Index | int, ...]) -> Expression:
        wanted = subscript if isinstance(subscript, tuple) else (subscript,)
        for index in wanted:
            if not isinstance(index, Index):
                raise InputError(
                    f"{self.name}[{', '.join(map(str, wanted))}]: {index!r} is not an index; "
                    'make indices with derive.indices("i:m")'
                )
        if len(wanted) != len(self.letters):
            given = ",".join(index.name for index in wanted if isinstance(index, Index))
            raise InputError(
                f"{self.name} was declared as {self.specification}, with "
                f"{_count(len(self.letters), 'index', 'indices')}, but {self.name}[{given}] "
                f"gives {len(wanted)}"
            )
        return Expression(Ref(self.name, wanted), (self,), ())

    def __str__(self) -> str:
        return self.specification


@dataclass(frozen=True)
class _Options:
    latex: str | None = None
    text: str | None = None
    stack_latex: str | None = None
    stack_text: str | None = None
    meaning: str = ""
    domain: Domain = "real"
    orientation: Orientation = "column"


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
        term = Apply(name, tuple(_argument(argument) for argument in arguments))
        made = _combine(term, *arguments)
        return replace(made, functions=_merge(made.functions, (self,)))


@dataclass(frozen=True, eq=False)
class FactHandle:
    """An equation about the data, as given to :func:`problem`."""

    left: Expression
    right: Expression
    reason: str


def _shown(value: object) -> str:
    return str(value) if isinstance(value, Expression) else repr(value)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _merge(*groups: Iterable[_Item]) -> tuple[_Item, ...]:
    """The items of all groups without repetitions, by identity, in order."""
    return tuple({id(item): item for group in groups for item in group}.values())


def _term(operand: object) -> Term:
    term = _argument(operand)
    if isinstance(term, Family):
        raise InputError(f"{term} is not one value: it can only be given to an abstract function")
    return term


def _argument(operand: object) -> Term:
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
            return Number(Fraction(operand))
        case float():
            raise InputError(
                f"{operand!r} is a rounded number; write an exact one, "
                f"such as Fraction({Fraction(str(operand)).numerator}, "
                f"{Fraction(str(operand)).denominator})"
            )
        case Index(name=name):
            raise InputError(f"the index {name} cannot stand in a formula as a number")
        case _:
            pass
    raise InputError(f"{operand!r} cannot stand in a formula")


def _combine(term: Term, *operands: object) -> Expression:
    parts = [operand for operand in operands if isinstance(operand, Expression)]
    named = _merge(*(((part,) if isinstance(part, Named) else part.named) for part in parts))
    functions = _merge(*(part.functions for part in parts))
    return Expression(term, named, functions)


def _is_coefficient(term: Term) -> bool:
    """Whether the term is made of numbers and sizes alone, and so stands in front of a product."""
    match term:
        case Number() | Size():
            return True
        case Power() | Product():
            return all(_is_coefficient(child) for child in children(term))
        case _:
            return False


def _product(left: Term, right: Term) -> Term:
    if _is_coefficient(right) and not _is_coefficient(left):
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


# Declarations ------------------------------------------------------------------------------------


@overload
def indices(only: str, /) -> Index: ...
@overload
def indices(first: str, second: str, /, *others: str) -> tuple[Index, ...]: ...
def indices(*specifications: str) -> Index | tuple[Index, ...]:
    """Indices with the sizes they run to: ``"i:m"`` is ``i = 1 … m``.

    One specification gives an index, several give a tuple of them. A size is a name or a number.

    Raises:
        InputError: a specification is not of the form ``letter:size``.

    >>> indices("i:m", "j:n")
    (Index(name='i', size='m'), Index(name='j', size='n'))
    """
    return _one_or_all([_index(specification) for specification in specifications])


def _index(specification: str) -> Index:
    name, colon, extent = (part.strip() for part in _text(specification).partition(":"))
    if not colon or not _NAME.match(name):
        raise InputError(f'{specification!r} is not an index; write "i:m" for i = 1 … m')
    if extent.isdecimal() and extent.isascii():
        if int(extent) < 1:
            raise InputError(f"{specification!r}: an index runs over at least one value")
        return Index(name, int(extent))
    if not _NAME.match(extent):
        raise InputError(f'{specification!r}: the size is a name or a number, as in "i:m"')
    if extent == name:
        raise InputError(f"{specification!r}: the index and its size need different names")
    return Index(_checked_name(name), _checked_name(extent))


def _text(specification: object) -> str:
    if not isinstance(specification, str):
        raise InputError(f"{_shown(specification)} is not text; a declaration is a string")
    return specification


def _one_or_all(items: list[_Item]) -> _Item | tuple[_Item, ...]:
    if not items:
        raise InputError("nothing was declared: give at least one specification")
    return items[0] if len(items) == 1 else tuple(items)


def _declare(
    specification: str, role: Role, options: _Options, body: Expression | None = None
) -> Named:
    match = _SPECIFICATION.match(_text(specification))
    if match is None:
        raise InputError(f'{specification!r} is not a declaration; write "x[i,j]" or "b"')
    name = _checked_name(match[1])
    letters = tuple(part.strip() for part in match[2].split(",")) if match[2] is not None else ()
    for letter in letters:
        if not _NAME.match(letter):
            raise InputError(f"{specification!r}: {letter!r} is not an index")
    if len(set(letters)) != len(letters):
        raise InputError(f"{specification!r} has the same index twice")
    for symbol in (options.latex, options.stack_latex):
        if symbol is not None:
            validate_latex_symbol(symbol)
    for symbol in (options.text, options.stack_text):
        _check_symbol(symbol)
    if options.domain not in get_args(Domain):
        raise InputError(
            f"{specification!r}: the domain {options.domain!r} is none of "
            f"{', '.join(get_args(Domain))}"
        )
    if options.orientation not in get_args(Orientation):
        raise InputError(f"{specification!r}: the orientation is 'column' or 'row'")
    if options.domain == "probabilities" and not letters:
        raise InputError(f"{specification!r}: probabilities need an index to sum over")
    return Named(Ref(name), (), (), name, letters, role, options, body)


def _check_symbol(symbol: str | None) -> None:
    """Refuse a text symbol that would spoil a terminal: control characters, line breaks."""
    if symbol is not None and not (symbol.strip() and symbol.isprintable()):
        raise InputError(f"the symbol {symbol!r} is empty or holds what doesn't print")


def _checked_name(name: str) -> str:
    if not _NAME.match(_text(name)):
        raise InputError(f"{name!r} is not a name: use ASCII letters, digits and underscores")
    if keyword.iskeyword(name):
        raise InputError(
            f"{name!r} is a word of Python and cannot be a name in the exported code; "
            f"call it {name + '_'!r}"
        )
    return name


def _declare_all(
    specifications: tuple[str, ...], role: Role, options: _Options
) -> Named | tuple[Named, ...]:
    if len(specifications) > 1 and replace(options, domain="real") != _Options():
        raise InputError("latex, text and meaning describe one quantity; declare it by itself")
    return _one_or_all([_declare(each, role, options) for each in specifications])


@overload
def data(
    only: str,
    /,
    *,
    meaning: str = "",
    domain: Domain = "real",
    latex: str | None = None,
    text: str | None = None,
    stack_latex: str | None = None,
    stack_text: str | None = None,
) -> Named: ...
@overload
def data(
    first: str, second: str, /, *others: str, domain: Domain = "real"
) -> tuple[Named, ...]: ...
def data(
    *specifications: str,
    meaning: str = "",
    domain: Domain = "real",
    latex: str | None = None,
    text: str | None = None,
    stack_latex: str | None = None,
    stack_text: str | None = None,
) -> Named | tuple[Named, ...]:
    """Arrays that are given: ``x, y = data("x[i,j]", "y[i]")``.

    Args:
        specifications: names with their indices; one gives a quantity, several a tuple.
        meaning: what it is, for the table of symbols (of one quantity alone).
        domain: where its values lie; checks and examples sample there.
        latex, text: the symbol without its indices, if the usual one won't do.
        stack_latex, stack_text: the symbol of the whole array.

    Raises:
        InputError: a specification or a symbol cannot be read.

    >>> x, y = data("x[i,j]", "y[i]")
    >>> print(x, y)
    x[i,j] y[i]
    """
    options = _Options(latex, text, stack_latex, stack_text, meaning, domain)
    return _declare_all(specifications, "data", options)


@overload
def parameters(only: str, /) -> Named: ...
@overload
def parameters(first: str, second: str, /, *others: str) -> tuple[Named, ...]: ...
def parameters(*specifications: str) -> Named | tuple[Named, ...]:
    """What the cost is differentiated by: ``w, b = parameters("w[j]", "b")``.

    One specification gives a quantity, several a tuple; :func:`parameter` takes options.

    >>> w, b = parameters("w[j]", "b")
    >>> print(w, b)
    w[j] b
    """
    return _declare_all(specifications, "parameter", _Options())


def parameter(
    specification: str,
    *,
    meaning: str = "",
    domain: Domain = "real",
    latex: str | None = None,
    text: str | None = None,
    stack_latex: str | None = None,
    stack_text: str | None = None,
    orientation: Orientation = "column",
) -> Named:
    """One parameter, with what :func:`data` takes, and how a vector stands among matrices.

    >>> print(parameter("W[j]", orientation="row"))
    W[j]
    """
    options = _Options(latex, text, stack_latex, stack_text, meaning, domain, orientation)
    return _declare(specification, "parameter", options)


def hyperparameter(
    specification: str,
    *,
    meaning: str = "",
    domain: Domain = "positive",
    latex: str | None = None,
    text: str | None = None,
) -> Named:
    """A constant of the method that is chosen, not learnt, such as ``λ``; positive unless said.

    >>> print(hyperparameter("lambda_"))
    lambda_
    """
    options = _Options(latex, text, None, None, meaning, domain)
    return _declare(specification, "hyperparameter", options)


def define(
    specification: str,
    body: Operand,
    *,
    meaning: str = "",
    latex: str | None = None,
    text: str | None = None,
    stack_latex: str | None = None,
    stack_text: str | None = None,
) -> Named:
    """A named stage of the model: ``z = define("z[i]", sum(w[j] * x[i, j], over=j) + b)``.

    Derivatives are taken stage by stage, so name what the textbook names.

    Raises:
        InputError: the specification cannot be read, or an index of the body is neither one of
            the head's nor summed over.

    >>> i, j = indices("i:m", "j:n")
    >>> x = data("x[i,j]")
    >>> print(define("s[i]", sum(x[i, j], over=j)))
    s[i]
    """
    expression = _combine(_term(body), body)
    named = _declare(
        specification,
        "definition",
        _Options(latex, text, stack_latex, stack_text, meaning),
        expression,
    )
    for index in free_indices(expression.term):
        if index.name not in named.letters:
            raise InputError(
                f"the index {index.name} is used outside its sum in the definition of "
                f"{named.specification} = {expression}"
            )
    return named


def function(
    name: str,
    *,
    arguments: int = 1,
    latex: str | None = None,
    text: str | None = None,
    meaning: str = "",
) -> AbstractHandle:
    """A function that stays abstract: the derivation then holds for any smooth one.

    >>> i = indices("i:m")
    >>> z = data("z[i]")
    >>> g = function("g")
    >>> print(g(z[i]))
    g(z_i)
    """
    _checked_name(name)
    if name in FUNCTIONS:
        raise InputError(f"{name} is a known function, write derive.{name}(…); it isn't abstract")
    if arguments < 1:
        raise InputError(f"the function {name} needs at least one argument")
    _check_symbol(text)
    symbols = default_symbols(name)
    latex = validate_latex_symbol(latex) if latex is not None else symbols[0]
    return AbstractHandle(AbstractFunction(name, arguments, latex, text or symbols[1], meaning))


def fact(left: Operand, right: Operand, reason: str) -> FactHandle:
    """An equation that holds of the data, which a step may cite: ``Σ_k y_ik = 1``.

    >>> i, k = indices("i:m", "k:K")
    >>> y = data("y[i,k]")
    >>> print(fact(sum(y[i, k], over=k), 1, reason="labels are one-hot").reason)
    labels are one-hot
    """
    return FactHandle(_combine(_term(left), left), _combine(_term(right), right), reason)


# Sums --------------------------------------------------------------------------------------------


def sum(body: Operand, over: Index | Iterable[Index]) -> Expression:  # noqa: A001
    # The name is the textbook's; the module is used qualified, as in ``derive.sum``.
    """``Σ body`` over one index or several.

    Raises:
        InputError: ``over`` is not an index.

    >>> i, j = indices("i:m", "j:n")
    >>> x = data("x[i,j]")
    >>> print(sum(x[i, j], over=j))
    Σⱼ₌₁ⁿ x_ij
    """
    term = _term(body)
    for index in reversed(_indices_of(over)):
        term = Sum(index, term)
    return _combine(term, body)


def mean(body: Operand, over: Index | Iterable[Index]) -> Expression:
    """``(1/m) Σ_i body``: the mean over an index or several.

    >>> i = indices("i:m")
    >>> L = data("L[i]")
    >>> print(mean(L[i], over=i))
    (1/m) Σᵢ₌₁ᵐ L_i
    """
    over = _indices_of(over)
    summed = sum(body, over)
    weights = [reciprocal(_size_of(index)) for index in over]
    return _combine(multiply(*weights, summed.term), summed)


def family(body: Operand, over: Index) -> Expression:
    """All values of ``body`` over an index, as one argument of an abstract function.

    >>> i, k = indices("i:m", "k:K")
    >>> a = data("a[i,k]")
    >>> print(function("L")(family(a[i, k], over=k)))
    L((a_ik)_k)
    """
    given = _indices_of(over)
    if len(given) != 1:
        raise InputError("a family runs over one index; nest families for several")
    return _combine(Family(given[0], _argument(body)), body)


def size(of: Index | str) -> Expression:
    """The size of an index as a number, to write ``1/(2m)``.

    >>> m = size(indices("i:m"))
    >>> print(1 / (2 * m))
    1/(2m)
    """
    if isinstance(of, Index):
        return Expression(_size_of(of))
    return Expression(Size(_checked_name(of)))


def _size_of(index: Index) -> Term:
    return Size(index.size) if isinstance(index.size, str) else Number(Fraction(index.size))


def _indices_of(over: Index | Iterable[Index]) -> tuple[Index, ...]:
    several = isinstance(over, Iterable) and not isinstance(over, str)
    found: tuple[Index, ...] = tuple(over) if several else (over,)  # type: ignore[arg-type,assignment]
    for index in found:
        if not isinstance(index, Index):
            raise InputError(
                f'{index!r} is not an index to sum over; make one with derive.indices("i:m")'
            )
    if not found:
        raise InputError("there is no index to sum over")
    if len(set(found)) != len(found):
        raise InputError("a sum runs over the same index twice")
    return found


def _apply(name: str, argument: Operand) -> Expression:
    return _combine(Apply(name, (_term(argument),)), argument)


def exp(u: Operand) -> Expression:
    """The exponential function ``e^u``."""
    return _apply("exp", u)


def ln(u: Operand) -> Expression:
    """The natural logarithm of a positive ``u``."""
    return _apply("ln", u)


def sqrt(u: Operand) -> Expression:
    """The square root of a positive ``u``."""
    return _apply("sqrt", u)


def sigmoid(u: Operand) -> Expression:
    """The logistic function ``σ(u) = 1/(1 + e^−u)``."""
    return _apply("sigmoid", u)


def tanh(u: Operand) -> Expression:
    """The hyperbolic tangent."""
    return _apply("tanh", u)


def softplus(u: Operand) -> Expression:
    """``ln(1 + e^u)``, whose derivative is the logistic function."""
    return _apply("softplus", u)


def sin(u: Operand) -> Expression:
    """The sine."""
    return _apply("sin", u)


def cos(u: Operand) -> Expression:
    """The cosine."""
    return _apply("cos", u)


def sinh(u: Operand) -> Expression:
    """The hyperbolic sine."""
    return _apply("sinh", u)


def cosh(u: Operand) -> Expression:
    """The hyperbolic cosine."""
    return _apply("cosh", u)


def arctan(u: Operand) -> Expression:
    """The arc tangent."""
    return _apply("arctan", u)


# Putting a problem together ----------------------------------------------------------------------


def problem(
    cost: Expression,
    *,
    name: str = "own_cost",
    title: str = "",
    summary: str = "",
    facts: Iterable[FactHandle] = (),
    spare: Iterable[Index] = (),
    example: Index | None = None,
    written_out: Iterable[Named] = (),
    wrt: Iterable[Named] = (),
    sizes: Mapping[str, int] | None = None,
) -> Problem:
    """Collect everything that ``cost`` is made of.

    Args:
        cost: what is differentiated: an expression without free indices, or a named one.
        name, title, summary: for the command line and the head of the page.
        facts: what is known about the data, see :func:`fact`.
        spare: further letters for indices, used when the derivation needs a new one.
        example: the index that counts the examples; found by itself where the cost is a mean.
        written_out: stages whose definitions are put back into the finished gradient.
        wrt: what to differentiate by unless something else is asked for; all parameters if left
            out.
        sizes: the sizes of the written-out case, where 3 examples and 2 of anything else won't do.

    Raises:
        InputError: two quantities share a name, shapes don't fit, or an index escapes its sum.
    """
    if isinstance(cost, Problem):
        return cost
    if not isinstance(cost, Expression):
        raise InputError(f"{cost!r} is not a cost; build one from derive.data and derive.define")
    named_cost = cost if isinstance(cost, Named) and cost.body is not None else None
    if named_cost is None:
        named_cost = define("J", cost)
    if named_cost.letters:
        raise InputError(
            f"the cost {named_cost.specification} still has the index "
            f"{', '.join(named_cost.letters)}: take its sum or its mean"
        )
    facts = tuple(facts)
    collected = _collect(named_cost, facts)
    letters = _letter_sizes(collected, facts, spare)
    spare_letters = tuple(letters.values())
    definitions = tuple(
        _definition(named, letters, spare_letters) for named in collected if named.body is not None
    )
    functions = _functions(collected)
    _check_shapes(collected, facts, letters)
    _check_clashes(collected, functions, letters)
    quantities = tuple(_quantity(named, letters) for named in _in_reading_order(collected))
    body = definitions[-1].body
    example = example or _example_index(body)
    made = Problem(
        name=_checked_name(name),
        title=title or name.replace("_", " ").capitalize(),
        indices=spare_letters,
        quantities=quantities,
        definitions=definitions,
        facts=(
            *(Fact(each.left.term, each.right.term, each.reason) for each in facts),
            *_domain_facts(quantities, facts),
        ),
        functions=functions,
        example_index=example,
        written_out=tuple(named.name for named in written_out),
        default_wrt=tuple(named.name for named in wrt),
        summary=summary,
        default_sizes=tuple(sorted((sizes or {}).items())),
    )
    for size_name, number in made.default_sizes:
        if size_name not in made.size_names:
            raise InputError(f"{name} has no size {size_name!r}")
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise InputError(f"the size {size_name} must be a whole number of at least 1")
    return made


def _collect(cost: Named, facts: tuple[FactHandle, ...]) -> tuple[Named, ...]:
    """Every quantity below the cost, what is used before what uses it."""
    found: dict[str, Named] = {}

    def visit(named: Named) -> None:
        known = found.get(named.name)
        if known is named:
            return
        if known is not None:
            raise InputError(
                f"the name {named.name} is defined twice: as {known.role} {known.specification} "
                f"and as {named.role} {named.specification}"
            )
        if named.body is not None:
            for inner in named.body.named:
                visit(inner)
        if found.get(named.name, named) is not named:
            raise InputError(f"the name {named.name} is defined twice, once by means of the other")
        found[named.name] = named

    visit(cost)
    for each in facts:
        for side in (each.left, each.right):
            for named in side.named:
                if found.get(named.name) is not named:
                    raise InputError(f"a fact is about {named.name}, which the cost doesn't use")
    return tuple(found.values())


def _check_clashes(
    collected: tuple[Named, ...],
    functions: tuple[AbstractFunction, ...],
    letters: Mapping[str, Index],
) -> None:
    """Refuse a name that means two things on one page (and in the exported code)."""
    used: dict[str, str] = {}
    for index in letters.values():
        used[index.name] = "an index"
    for index in letters.values():
        if isinstance(index.size, str):
            if index.size in letters:
                raise InputError(f"{index.size} is the name of an index and of a size")
            used[index.size] = "a size"
    for named in collected:
        for part in walk(named.body.term) if named.body is not None else ():
            if isinstance(part, Size):
                used[part.name] = "a size"
    for named in collected:
        if named.name in used:
            raise InputError(
                f"{named.name} is the name of {used[named.name]} and of the {named.role} "
                f"{named.specification}: give one of them another name"
            )
    inputs = {named.name for named in collected if named.body is None}
    for function in functions:
        # A definition may share its name with a function: L_i = L(a_i, y_i).
        if function.name in used or function.name in inputs:
            other = used.get(function.name, "a quantity")
            raise InputError(
                f"{function.name} is the name of {other} and of a function: "
                "give one of them another name"
            )


def _all_bodies(
    collected: tuple[Named, ...], facts: tuple[FactHandle, ...]
) -> Iterator[tuple[str, Term]]:
    for named in collected:
        if named.body is not None:
            yield f"the definition of {named.specification}", named.body.term
    for each in facts:
        yield f"the fact {each.left} = {each.right}", each.left.term
        yield f"the fact {each.left} = {each.right}", each.right.term


def _letter_sizes(
    collected: tuple[Named, ...], facts: tuple[FactHandle, ...], spare: Iterable[Index]
) -> dict[str, Index]:
    """Each index letter with its range, from the indices used anywhere."""
    letters: dict[str, Index] = {}

    def note(index: Index, where: str) -> None:
        known = letters.setdefault(index.name, index)
        if known != index:
            raise InputError(
                f"the index {index.name} runs to {known.size} and, in {where}, to {index.size}"
            )

    for where, body in _all_bodies(collected, facts):
        for part in walk(body):
            match part:
                case Ref(indices=places):
                    for place in places:
                        if isinstance(place, Index):
                            note(place, where)
                case Sum(index=index) | Family(index=index):
                    note(index, where)
                case _:
                    pass
    for index in spare:
        note(index, "the spare letters")
    for named in collected:
        for position, letter in enumerate(named.letters):
            if letter not in letters:
                # Declared with a letter of its own and always used with another one: x[i,j] used
                # as x[p,j] takes its size from there.
                used = _first_use(named.name, position, collected, facts)
                if used is None:
                    raise InputError(
                        f"the index {letter} of {named.specification} has no size; "
                        f'use it somewhere, as in derive.indices("{letter}:n")'
                    )
                letters[letter] = Index(letter, used.size)
    return letters


def _first_use(
    name: str, position: int, collected: tuple[Named, ...], facts: tuple[FactHandle, ...]
) -> Index | None:
    for _, body in _all_bodies(collected, facts):
        for part in walk(body):
            if isinstance(part, Ref) and part.name == name:
                place = part.indices[position]
                if isinstance(place, Index):
                    return place
    return None


def _shape(sizes: Iterable[str | int]) -> str:
    return "×".join(str(each) for each in sizes) or "scalar"


def _check_shapes(
    collected: tuple[Named, ...], facts: tuple[FactHandle, ...], letters: Mapping[str, Index]
) -> None:
    declared = {named.name: named for named in collected}
    for where, body in _all_bodies(collected, facts):
        for part in walk(body):
            if not isinstance(part, Ref) or not part.indices:
                continue
            named = declared[part.name]
            wanted = [letters[letter].size for letter in named.letters]
            given = [place.size for place in part.indices if isinstance(place, Index)]
            if wanted != given:
                raise InputError(
                    f"in {where}, {part} has the shape {_shape(given)}, but {named.name} was "
                    f"declared as {named.specification} with the shape {_shape(wanted)}"
                )


def _definition(named: Named, letters: Mapping[str, Index], spare: tuple[Index, ...]) -> Definition:
    assert named.body is not None
    head = tuple(letters[letter] for letter in named.letters)
    body = separate(named.body.term, head, spare)
    return Definition(named.name, head, body, named.options.meaning)


def _in_reading_order(collected: tuple[Named, ...]) -> tuple[Named, ...]:
    """The quantities in the order in which one meets them, reading the definitions in turn."""
    by_name = {named.name: named for named in collected}
    found: dict[str, Named] = {}
    for named in collected:
        if named.body is not None:
            for ref in references(named.body.term):
                found.setdefault(ref.name, by_name[ref.name])
            found.setdefault(named.name, named)
    return tuple(found.values())


def _quantity(named: Named, letters: Mapping[str, Index]) -> Quantity:
    options = named.options
    latex, text, capital_latex, capital_text = default_symbols(named.name)
    latex, text = options.latex or latex, options.text or (options.latex and named.name) or text
    if options.latex is not None or len(named.letters) < 2:
        capital_latex, capital_text = latex, text
    return Quantity(
        name=named.name,
        indices=tuple(letters[letter] for letter in named.letters),
        role=named.role,
        latex=latex,
        text=text,
        stack_latex=options.stack_latex or capital_latex,
        stack_text=options.stack_text or capital_text,
        meaning=options.meaning,
        domain=options.domain,
        orientation=options.orientation,
    )


def _functions(collected: tuple[Named, ...]) -> tuple[AbstractFunction, ...]:
    handles = _merge(*(named.body.functions for named in collected if named.body is not None))
    names: dict[str, AbstractFunction] = {}
    for handle in handles:
        if handle.function.name in names:
            raise InputError(f"the function {handle.function.name} is declared twice")
        names[handle.function.name] = handle.function
    return tuple(names.values())


def _domain_facts(
    quantities: tuple[Quantity, ...], given: tuple[FactHandle, ...]
) -> Iterator[Fact]:
    """What the domains imply: probabilities sum to one."""
    for quantity in quantities:
        if quantity.domain == "probabilities":
            left = Sum(quantity.indices[-1], quantity.ref)
            if not any(each.left.term == left for each in given):
                yield Fact(left, Number(Fraction(1)), "probabilities sum to one")


def _example_index(cost: Term) -> Index | None:
    """The index of the first sum in the cost that is divided by its own size, else of the first
    sum."""
    first: Index | None = None
    for term in terms_of(cost):
        factors = factors_of(term)
        sizes = {
            factor.base.name
            for factor in factors
            if isinstance(factor, Power) and isinstance(factor.base, Size)
        }
        for factor in factors:
            if isinstance(factor, Sum):
                first = first or factor.index
                if factor.index.size in sizes:
                    return factor.index
    return first
