"""What costs need that were written in another notation: SymPy's, or NumPy's.

Names are made such as can stand here, and forms that have a name of their own get it back:
``1/(1 + e^(−u))`` is the logistic function, whose derivative a textbook writes as ``σ(1 − σ)``.
"""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Iterable
from fractions import Fraction

from derive.language.declarations import checked_name
from derive.language.expressions import Expression, Operand, combined, term_of
from derive.terms import (
    ONE,
    ZERO,
    Add,
    Apply,
    Number,
    Power,
    Product,
    Ref,
    Term,
    add,
    children,
    factors_of,
    is_negative,
    key,
    map_children,
    multiply,
    negate,
    same,
    terms_of,
)

__all__ = ["index_letters", "opposite", "quantity_name", "recognised", "selected"]

_ACCENTS = {"\N{COMBINING CIRCUMFLEX ACCENT}": "hat", "\N{COMBINING MACRON}": "bar"}
_ACCENTS |= {"\N{COMBINING TILDE}": "tilde", "\N{COMBINING DOT ABOVE}": "dot"}


def quantity_name(name: str) -> str:
    """The name under which a quantity called ``name`` elsewhere is known here.

    A Greek letter is spelt out, an accent follows its letter, a word of Python gets an underscore,
    and underscores or a backslash in front are left out.

    Raises:
        InputError: it cannot be made a name.

    >>> [quantity_name(each) for each in ("w", "θ", "ŷ", "lambda", "_z")]
    ['w', 'theta', 'yhat', 'lambda_', 'z']
    """
    letters = []
    for letter in unicodedata.normalize("NFD", name.removeprefix("\\").lstrip("_")):
        called = unicodedata.name(letter, "")
        if called.startswith("GREEK ") and " LETTER " in called:
            word = called.rpartition(" ")[2].lower().replace("lamda", "lambda")
            letters.append(word.capitalize() if "CAPITAL" in called else word)
        else:
            letters.append(_ACCENTS.get(letter, letter))
    made = "".join(letters)
    return checked_name(f"{made}_" if keyword.iskeyword(made) else made)


#: The letters that a textbook gives to the indices of a size; the second and third are for its
#: sums. Other sizes take their own letter, or the first one that is free.
_USUAL = {"m": "ipt", "n": "jsq", "K": "klr", "k": "clr", "H": "hrg", "d": "jsq", "N": "ipt"}
_OTHERS = "ijklpqrstuvhgceo"


def index_letters(
    sizes: Iterable[str | int], taken: Iterable[str], count: int = 3
) -> dict[str | int, list[str]]:
    """Letters for the indices over each size other than 1, none of them twice: the first letters
    of all sizes are chosen before the second ones.

    >>> index_letters(["m", "n"], taken=["i", "x"], count=2)
    {'m': ['p', 't'], 'n': ['j', 's']}
    """
    found: dict[str | int, list[str]] = {size: [] for size in sizes if size != 1}
    used = {*taken, *(size for size in found if isinstance(size, str))}
    for place in range(count):
        # Those that have a usual letter get it, whatever else has to be named.
        for size, letters in sorted(found.items(), key=lambda each: str(each[0]) not in _USUAL):
            own = str(size).lower() if place == 0 and len(str(size)) == 1 else ""
            wanted = _USUAL.get(str(size), "") + own + _OTHERS
            letter = next((each for each in wanted if each.isalpha() and each not in used), "")
            number = 2
            while not letter or letter in used:
                letter, number = f"i{number}", number + 1
            used.add(letter)
            letters.append(letter)
    return found


def opposite(term: Term) -> Term:
    """``−term``; a sum of negative terms loses their signs.

    >>> print(opposite(add(negate(Ref("a")), negate(Ref("b")))))
    a + b
    """
    parts = terms_of(term)
    if len(parts) > 1 and all(is_negative(part) for part in parts):
        return add(*map(negate, parts))
    return negate(term)


def recognised(expression: Expression) -> Expression:
    """The expression with the logistic function and softplus where they are written out.

    >>> from derive.language import data, exp
    >>> z = data("z")
    >>> print(recognised(1 / (1 + exp(-z))), "|", recognised(exp(z) / (exp(z) + 1)))
    σ(z) | σ(z)
    """
    return combined(_recognised(expression.term), expression)


def _recognised(term: Term) -> Term:
    inner = map_children(term, _recognised) if children(term) else term
    match inner:
        case Power(base=base, exponent=Number(value=Fraction(numerator=-1, denominator=1))):
            above = _beside_one(base)
            return inner if above is None else Apply("sigmoid", (opposite(above),))
        case Apply(function="ln", arguments=(argument,)):
            above = _beside_one(argument)
            return inner if above is None else Apply("softplus", (above,))
        case Product(factors=factors):
            return _quotient_of_exponentials(factors) or inner
        case _:
            return inner


def _beside_one(term: Term) -> Term | None:
    """The ``u`` of ``1 + e^u``."""
    if isinstance(term, Add) and len(term.terms) == 2:
        for one, other in (term.terms, term.terms[::-1]):
            if one == ONE and isinstance(other, Apply) and other.function == "exp":
                return other.arguments[0]
    return None


def _quotient_of_exponentials(factors: tuple[Term, ...]) -> Term | None:
    """``e^u σ(−u) = σ(u)``, where a product holds both factors."""
    for place, factor in enumerate(factors):
        if isinstance(factor, Apply) and factor.function == "exp":
            (u,) = factor.arguments
            partner = Apply("sigmoid", (opposite(u),))
            for other, candidate in enumerate(factors):
                if same(candidate, partner):
                    kept = [
                        Apply("sigmoid", (u,)) if n == place else f for n, f in enumerate(factors)
                    ]
                    return multiply(*(f for n, f in enumerate(kept) if n != other))
    return None


def selected(condition: Operand, yes: Operand, no: Operand) -> Expression:
    """``yes`` where an indicator is 1 and ``no`` where it is 0, by its name if it has one.

    >>> from derive.language import data, greater
    >>> z = data("z")
    >>> print(selected(greater(z), z, 0), "|", selected(greater(z), 1, z))
    ReLU(z) | 𝟏[z > 0] + [1 − 𝟏[z > 0]] z
    """
    term = _selected(term_of(condition), term_of(yes), term_of(no))
    return combined(term, condition, yes, no)


def _selected(condition: Term, yes: Term, no: Term) -> Term:
    if isinstance(condition, Add):  # 1 − 1[u > v] is the other case of 1[u > v]
        other = _complement(condition)
        if isinstance(other, Apply) and other.function == "greater":
            condition, yes, no = other, no, yes
    if isinstance(condition, Apply) and condition.function == "greater":
        u, v = condition.arguments
        named = _with_a_name(u, v, yes, no)
        if named is not None:
            return named
    return add(multiply(condition, yes), multiply(_complement(condition), no))


def _complement(indicator: Term) -> Term:
    return add(ONE, negate(indicator)) if not isinstance(indicator, Add) else _from_one(indicator)


def _from_one(term: Add) -> Term:
    """``1 − term``, where ``term`` may be ``1 − u``."""
    if len(term.terms) == 2 and term.terms[0] == ONE and is_negative(term.terms[1]):
        return negate(term.terms[1])
    return add(ONE, negate(term))


def _with_a_name(u: Term, v: Term, yes: Term, no: Term) -> Term | None:
    """``yes`` where ``u > v`` and ``no`` elsewhere, if a function does that."""
    if key(yes) == key(u) and key(no) == key(v):
        return Apply("relu", (u,)) if v == ZERO else Apply("max", (u, v))
    if key(yes) == key(v) and key(no) == key(u):
        return Apply("min", (u, v))
    if v == ZERO and key(yes) == key(u) and key(no) == key(opposite(u)):
        return Apply("abs", (u,))
    if v == ZERO and key(yes) == key(u):
        rest = list(factors_of(no))
        for place, factor in enumerate(rest):
            if key(factor) == key(u):
                slope = multiply(*rest[:place], *rest[place + 1 :])
                constant = isinstance(slope, (Number, Ref))
                return Apply("leaky_relu", (u, slope)) if constant else None
    return None
