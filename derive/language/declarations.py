"""Declaring what a cost is made of: indices, data, parameters, stages, functions, facts."""

from __future__ import annotations

import keyword
import re
from dataclasses import replace
from typing import TypeVar, get_args, overload

from derive.errors import InputError
from derive.functions import FUNCTIONS
from derive.language.expressions import (
    AbstractHandle,
    Expression,
    FactHandle,
    Named,
    Operand,
    SymbolOptions,
    combined,
    shown,
    term_of,
)
from derive.matrix_functions import MATRIX_FUNCTIONS
from derive.model import (
    AbstractFunction,
    Domain,
    Orientation,
    Role,
)
from derive.notation.symbols import check_length, default_symbols, validate_latex_symbol
from derive.symmetry import SYMMETRIC_DOMAINS
from derive.terms import (
    Index,
    Ref,
    free_indices,
)

__all__ = [
    "checked_name",
    "constant",
    "data",
    "define",
    "fact",
    "function",
    "hyperparameter",
    "indices",
    "parameter",
    "parameters",
]

_Item = TypeVar("_Item")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_SPECIFICATION = re.compile(r"\s*([^\[\]\s]+)\s*(?:\[([^\[\]]*)\])?\s*\Z")


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
    check_length("the name of an index", name)
    if extent.isdecimal() and extent.isascii():
        if int(extent) < 1:
            raise InputError(f"{specification!r}: an index runs over at least one value")
        return Index(name, int(extent))
    if not _NAME.match(extent):
        raise InputError(f'{specification!r}: the size is a name or a number, as in "i:m"')
    if extent == name:
        raise InputError(f"{specification!r}: the index and its size need different names")
    return Index(checked_name(name), checked_name(extent))


def _text(specification: object) -> str:
    if not isinstance(specification, str):
        raise InputError(f"{shown(specification)} is not text; a declaration is a string")
    return specification


def _one_or_all(items: list[_Item]) -> _Item | tuple[_Item, ...]:
    if not items:
        raise InputError("nothing was declared: give at least one specification")
    return items[0] if len(items) == 1 else tuple(items)


def _declare(
    specification: str, role: Role, options: SymbolOptions, body: Expression | None = None
) -> Named:
    match = _SPECIFICATION.match(_text(specification))
    if match is None:
        raise InputError(f'{specification!r} is not a declaration; write "x[i,j]" or "b"')
    name = checked_name(match[1])
    letters = tuple(part.strip() for part in match[2].split(",")) if match[2] is not None else ()
    for letter in letters:
        if not _NAME.match(letter):
            raise InputError(f"{specification!r}: {letter!r} is not an index")
    if len(set(letters)) != len(letters):
        raise InputError(f"{specification!r} has the same index twice")
    _check_texts(specification, options)
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
    if options.domain in SYMMETRIC_DOMAINS and len(letters) != 2:
        raise InputError(
            f"{specification!r}: a {options.domain} quantity is a square matrix, with two indices"
        )
    if options.domain == "probabilities" and not letters:
        raise InputError(f"{specification!r}: probabilities need an index to sum over")
    return Named(Ref(name), (), (), name, letters, role, options, body)


def _check_texts(specification: str, options: SymbolOptions) -> None:
    for what in ("latex", "text", "stack_latex", "stack_text", "meaning"):
        said = getattr(options, what)
        if said is not None and not isinstance(said, str):
            raise InputError(f"{specification!r}: {what}={said!r} is not text")
        if said is not None:
            check_length(f"{specification!r}: {what}", said)


def _check_symbol(symbol: str | None) -> None:
    """Refuse a text symbol that would spoil a terminal: control characters, line breaks."""
    if symbol is not None and not (symbol.strip() and symbol.isprintable()):
        raise InputError(f"the symbol {symbol!r} is empty or holds what doesn't print")


def checked_name(name: str) -> str:
    """The name, if it can be one in Python and in the exported code.

    Raises:
        InputError: it cannot.
    """
    check_length(f"the name {_text(name)[:20]!r}…", name)
    if not _NAME.match(name):
        raise InputError(f"{name!r} is not a name: use ASCII letters, digits and underscores")
    if keyword.iskeyword(name):
        raise InputError(
            f"{name!r} is a word of Python and cannot be a name in the exported code; "
            f"call it {name + '_'!r}"
        )
    return name


def _declare_all(
    specifications: tuple[str, ...], role: Role, options: SymbolOptions
) -> Named | tuple[Named, ...]:
    if len(specifications) > 1 and replace(options, domain="real") != SymbolOptions():
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
    options = SymbolOptions(latex, text, stack_latex, stack_text, meaning, domain)
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
    return _declare_all(specifications, "parameter", SymbolOptions())


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
    options = SymbolOptions(latex, text, stack_latex, stack_text, meaning, domain, orientation)
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
    options = SymbolOptions(latex, text, None, None, meaning, domain)
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

    >>> from derive.language import sum
    >>> i, j = indices("i:m", "j:n")
    >>> x = data("x[i,j]")
    >>> print(define("s[i]", sum(x[i, j], over=j)))
    s[i]
    """
    options = SymbolOptions(latex, text, stack_latex, stack_text, meaning)
    return _defined(specification, body, options)


def constant(
    specification: str,
    body: Operand,
    *,
    meaning: str = "",
    latex: str | None = None,
    text: str | None = None,
    stack_latex: str | None = None,
    stack_text: str | None = None,
) -> Named:
    """A stage that is computed and then held constant: no derivative goes through it.

    It is what frameworks call ``stop_gradient`` or ``detach``: a target made of the model's own
    values, a mask, the weights of an alternating minimisation.

    Raises:
        InputError: as for :func:`define`.

    >>> from derive.gradients import gradient
    >>> from derive.language import mean
    >>> i = indices("i:m")
    >>> x, w = data("x[i]"), parameters("w")
    >>> z = define("z[i]", w * x[i])
    >>> target = constant("t[i]", z[i] ** 2)
    >>> print(gradient(mean((z[i] - target[i]) ** 2, over=i)).result)
    (2/m) Σᵢ₌₁ᵐ (z_i − t_i) x_i
    """
    options = SymbolOptions(latex, text, stack_latex, stack_text, meaning, constant=True)
    return _defined(specification, body, options)


def _defined(specification: str, body: Operand, options: SymbolOptions) -> Named:
    expression = combined(term_of(body), body)
    named = _declare(specification, "definition", options, expression)
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
    checked_name(name)
    if name in FUNCTIONS or name in MATRIX_FUNCTIONS:
        from derive.language import functions

        written = {"abs": "absolute", "max": "maximum", "min": "minimum"}.get(name, name)
        hint = f", write derive.{written}(…)" if written in functions.__all__ else ""
        raise InputError(f"{name} is a known function{hint}; it isn't abstract")
    if isinstance(arguments, bool) or not isinstance(arguments, int):
        raise InputError(f"the function {name}: arguments={arguments!r} is not a whole number")
    if arguments < 1:
        raise InputError(f"the function {name} needs at least one argument")
    _check_texts(name, SymbolOptions(latex, text, meaning=meaning))
    _check_symbol(text)
    symbols = default_symbols(name)
    latex = validate_latex_symbol(latex) if latex is not None else symbols[0]
    return AbstractHandle(AbstractFunction(name, arguments, latex, text or symbols[1], meaning))


def fact(left: Operand, right: Operand, reason: str) -> FactHandle:
    """An equation that holds of the data, which a step may cite: ``Σ_k y_ik = 1``.

    >>> from derive.language import sum
    >>> i, k = indices("i:m", "k:K")
    >>> y = data("y[i,k]")
    >>> print(fact(sum(y[i, k], over=k), 1, reason="labels are one-hot").reason)
    labels are one-hot
    """
    return FactHandle(combined(term_of(left), left), combined(term_of(right), right), reason)
