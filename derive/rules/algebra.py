"""Algebra: numbers, cancelling, collecting, factoring, the order on the page.

Each rule fits where it makes the term shorter to read (:func:`derive.terms.weight`), or where it
puts it into the order in which a textbook prints it, and nowhere else. Fractions of sums go to
SymPy, as one step that is checked like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from derive.derivation import Prose
from derive.model import Definition, is_coefficient
from derive.rules.base import Context, Rewrite, Rule
from derive.rules.fractions import cancelled
from derive.rules.matching import match
from derive.rules.polynomials import collected
from derive.terms import (
    Add,
    Apply,
    Index,
    IndexLike,
    Number,
    Origin,
    Power,
    Product,
    Ref,
    Shift,
    Size,
    Sum,
    Term,
    Within,
    add,
    factors_of,
    is_negative,
    key,
    multiply,
    negate,
    power,
    references,
    same,
    substitute,
    terms_of,
    weight,
)

__all__ = ["ALGEBRA"]

#: A power of a number is multiplied out up to this exponent.
_LARGEST_EXPONENT = 20


# Numbers -----------------------------------------------------------------------------------------


def _numbers(term: Term, context: Context) -> Rewrite | None:
    """Several numbers in a product become one, in front. A size stays apart: a ``1/m`` merged into
    a number could no longer be followed."""
    if not isinstance(term, Product):
        return None
    shown = [f for f in term.factors if isinstance(f, Number) and f.value != -1]
    if len(shown) < 2:
        return None
    product = _number_in_front(term.factors)
    parts: list[str | Term] = []
    for number in shown:
        parts.extend([" · " if parts else "", number])
    value = Fraction(1)
    for number in shown:
        value *= number.value
    return Rewrite(product, Prose((*parts, " = ", Number(value))))


def _add_numbers(term: Term, context: Context) -> Rewrite | None:
    """``1 − 1 + a = a``: the numbers in a sum become one, where the first of them stood."""
    if not isinstance(term, Add):
        return None
    numbers = [part for part in term.terms if isinstance(part, Number)]
    if len(numbers) < 2:
        return None
    value = Fraction(0)
    origins: dict[Origin, None] = {}
    for number in numbers:
        value += number.value
        origins.update(dict.fromkeys(number.origin))
    parts = list(term.terms)
    parts[parts.index(numbers[0])] = Number(value, tuple(origins))
    kept = [part for part in parts if not any(part is number for number in numbers[1:])]
    return Rewrite(add(*kept), Prose(("the numbers add up to ", Number(value))))


def _power_of_number(term: Term, context: Context) -> Rewrite | None:
    """``3² = 9``. A fraction such as the ``1/3`` of a mean over three examples stays apart."""
    if not isinstance(term, Power):
        return None
    base, exponent = term.base, term.exponent
    if not isinstance(base, Number) or not isinstance(exponent, Number):
        return None
    if exponent.value.denominator != 1 or not 1 < exponent.value <= _LARGEST_EXPONENT:
        return None
    origins = tuple(dict.fromkeys((*base.origin, *exponent.origin)))
    value = Number(base.value ** int(exponent.value), origins)
    return Rewrite(value, Prose((term, " = ", value)))


def _signs(term: Term, context: Context) -> Rewrite | None:
    """A number that stands behind other factors, or a second sign, goes to the front."""
    if not isinstance(term, Product):
        return None
    product = _number_in_front(term.factors)
    if product == term:
        return None
    return Rewrite(product, Prose(("the sign and the number stand in front",)))


def _number_in_front(factors: tuple[Term, ...]) -> Term:
    value = Fraction(1)
    origins: dict[Origin, None] = {}
    for factor in factors:
        if isinstance(factor, Number):
            value *= factor.value
            origins.update(dict.fromkeys(factor.origin))
    rest = [factor for factor in factors if not isinstance(factor, Number)]
    return multiply(Number(value, tuple(origins)), *rest)


# Powers of the same base -------------------------------------------------------------------------


def _base_and_exponent(factor: Term) -> tuple[Term, Fraction] | None:
    if isinstance(factor, Number):
        return None
    if isinstance(factor, Power):
        if isinstance(factor.exponent, Number):
            return factor.base, factor.exponent.value
        return factor, Fraction(1)
    return factor, Fraction(1)


def _combined(factors: tuple[Term, ...]) -> tuple[tuple[Term, ...], list[Term]]:
    """The factors with equal bases brought together, and the bases that cancelled."""
    bases: dict[object, tuple[Term, Fraction, int, bool]] = {}
    order: list[object] = []
    numbers: dict[object, Term] = {}
    originals: dict[object, Term] = {}
    for position, factor in enumerate(factors):
        split = _base_and_exponent(factor)
        if split is None:
            # Not ("number", …): that is the key of a number that is the base of a power.
            name: object = ("factor", position)
            numbers[name] = factor
            order.append(name)
            continue
        base, exponent = split
        name = key(base)
        if name in bases:
            old_base, old, count, below = bases[name]
            bases[name] = (old_base, old + exponent, count + 1, below or exponent < 0)
        else:
            bases[name] = (base, exponent, 1, exponent < 0)
            originals[name] = factor
            order.append(name)
    result: list[Term] = []
    cancelled: list[Term] = []
    for name in order:
        if name in numbers:
            result.append(numbers[name])
            continue
        base, exponent, count, below = bases[name]
        if count > 1 and below:
            cancelled.append(base)
        # What stands alone stays the very same: its exponent keeps its origin.
        result.append(originals[name] if count == 1 else power(base, exponent))
    return tuple(result), cancelled


def _below_the_line(factors: tuple[Term, ...]) -> bool:
    """Whether a factor stands below a fraction's line; without one, nothing cancels."""
    return any(
        isinstance(each, Power) and isinstance(each.exponent, Number) and each.exponent.value < 0
        for each in factors
    )


def _cancel(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, Product) or not _below_the_line(term.factors):
        return None
    factors, cancelled = _combined(tuple(_taken_apart(term.factors)))
    if not cancelled:
        return None
    return Rewrite(multiply(*factors), Prose(("cancel ", multiply(*cancelled))))


def _taken_apart(factors: tuple[Term, ...]) -> Iterator[Term]:
    """``1/(a b)`` as ``1/a · 1/b``, so that either may cancel."""
    for factor in factors:
        match factor:
            case Power(base=Product(factors=inner), exponent=Number(value=value) as exponent) if (
                value.denominator == 1
            ):
                for each in inner:
                    if isinstance(each, Number):
                        yield Number(each.value ** int(value), each.origin)
                    else:
                        yield Power(each, exponent)
            case _:
                yield factor


def _equal_factors(term: Term, context: Context) -> Rewrite | None:
    """``a · a = a²``."""
    if not isinstance(term, Product):
        return None
    factors, cancelled = _combined(term.factors)
    if cancelled or len(factors) == len(term.factors):
        return None
    return Rewrite(multiply(*factors), Prose(("equal factors are a power",)))


def _distribute_and_cancel(term: Term, context: Context) -> Rewrite | None:
    """``(f/a + g/b) a b = f b + g a``: multiply out where something cancels in every term, or
    where a fraction falls into simpler ones."""
    if not isinstance(term, Product):
        return None
    for n, factor in enumerate(term.factors):
        if not isinstance(factor, Add):
            continue
        others = (*term.factors[:n], *term.factors[n + 1 :])
        if not _below_the_line(others) and not any(
            _below_the_line(factors_of(part)) for part in factor.terms
        ):
            continue
        parts: list[Term] = []
        cancelled: dict[Term, None] = {}
        for part in factor.terms:
            factors, gone = _combined((*factors_of(part), *others))
            cancelled.update(dict.fromkeys(gone))
            parts.append(multiply(*factors))
        after = add(*parts)
        if cancelled and weight(after) <= weight(term):
            return Rewrite(after, Prose(("multiply out and cancel ", multiply(*cancelled))))
    return None


# Collecting --------------------------------------------------------------------------------------


def _length(term: Term) -> tuple[int, int]:
    """What there is to read, and in how many terms: a + a is as short as 2a, but has two."""
    return weight(term), len(terms_of(term))


def _collect(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, (Product, Add)) or _over_examples(term, context):
        # The terms of different examples stay apart, so that they can be recognised as a sum.
        return None
    after = collected(term)
    if after is None or _length(after) >= _length(term):
        return None
    return Rewrite(after, Prose(("multiply out and collect",)))


def _cancel_fraction(term: Term, context: Context) -> Rewrite | None:
    """``(1 − a²)/(1 − a) = 1 + a``, by SymPy."""
    after = cancelled(term)
    if after is None or weight(after) >= weight(term):
        return None
    return Rewrite(after, Prose(("numerator and denominator have a common factor",)))


def _common_denominator(term: Term, context: Context) -> Rewrite | None:
    """``−y/a + (1 − y)/(1 − a) = (a − y)/(a (1 − a))``: where terms cancel above the line."""
    if not isinstance(term, Add) or _over_examples(term, context):
        return None
    split = [_fraction(part, context) for part in term.terms]
    below: dict[object, tuple[Term, int]] = {}
    for _, denominator in split:
        for name, (base, exponent) in denominator.items():
            if name not in below or below[name][1] < exponent:
                below[name] = (base, exponent)
    if not below:
        return None
    numerators = [
        multiply(
            above,
            *(
                power(base, exponent - denominator.get(name, (base, 0))[1])
                for name, (base, exponent) in below.items()
            ),
        )
        for above, denominator in split
    ]
    above = collected(add(*numerators))
    if above is None:
        return None
    after = multiply(above, *(power(base, -exponent) for base, exponent in below.values()))
    if _length(after) >= _length(term):
        return None
    line = multiply(*(power(base, exponent) for base, exponent in below.values()))
    return Rewrite(after, Prose(("the common denominator is ", line)))


def _fraction(term: Term, context: Context) -> tuple[Term, dict[object, tuple[Term, int]]]:
    """What stands above the line, and the bases below it with their whole exponents. Constants
    such as ``1/m`` stay above, so that they can be followed."""
    above: list[Term] = []
    below: dict[object, tuple[Term, int]] = {}
    for factor in _taken_apart(factors_of(term)):
        match factor:
            case Power(base=base, exponent=Number(value=value)) if (
                value < 0
                and value.denominator == 1
                and not is_coefficient(base, context.scope.problem)
            ):
                _, known = below.get(key(base), (base, 0))
                below[key(base)] = (base, known - int(value))
            case _:
                above.append(factor)
    return multiply(*above), below


# Factoring ---------------------------------------------------------------------------------------


def _expanded_factors(term: Term) -> Iterator[Term]:
    """The factors of a term, a whole positive power as so many equal ones."""
    for factor in factors_of(term):
        if (
            isinstance(factor, Power)
            and isinstance(factor.exponent, Number)
            and factor.exponent.value.denominator == 1
            and 1 < factor.exponent.value <= 4
        ):
            yield from [factor.base] * int(factor.exponent.value)
        else:
            yield factor


def _factor_out(term: Term, context: Context) -> Rewrite | None:
    """``c f + c g = c (f + g)``."""
    if not isinstance(term, Add):
        return None
    lists = [list(_expanded_factors(part)) for part in term.terms]
    common: list[Term] = []
    written_out = _over_examples(term, context)
    for factor in list(lists[0]):
        if isinstance(factor, Number):
            number = _common_number(lists)
            if number is not None:
                common.append(number)
            continue
        if written_out and not is_coefficient(factor, context.scope.problem):
            continue
        positions = [
            next((n for n, other in enumerate(each) if same(other, factor)), None) for each in lists
        ]
        if any(position is None for position in positions):
            continue
        merged = factor
        for each, position in zip(lists, positions, strict=True):
            assert position is not None
            merged = _with_origins(merged, each[position])
            del each[position]
        common.append(merged)
    if not common or _leaves_its_bracket(common, lists):
        return None
    parts = [multiply(*_combined(tuple(each))[0]) for each in lists]
    # (a_1 − y_1) + (a_2 − y_2) keeps its parentheses, so that it can be recognised as a sum.
    apart = all(isinstance(part, Add) for part in parts)
    outside = multiply(*_combined(tuple(common))[0])
    after = multiply(outside, Add(tuple(parts)) if apart else add(*parts))
    if weight(after) >= weight(term):
        return None
    return Rewrite(after, Prose(("the factor ", outside, " is common to all terms")))


def _leaves_its_bracket(common: list[Term], lists: list[list[Term]]) -> bool:
    """Whether a factor with a shifted index would stand outside a bracket that makes it count."""
    return any(isinstance(factor, Within) for each in lists for factor in each) and any(
        isinstance(place, Shift)
        for factor in common
        for ref in references(factor)
        for place in ref.indices
    )


def _common_number(lists: list[list[Term]]) -> Number | None:
    """The number that is a factor of every term, taken out of them with its sign where they all
    have it: ``2 u − 2 v`` leaves ``u − v``."""
    found: list[tuple[int, Number]] = []
    for each in lists:
        place = next((n for n, part in enumerate(each) if isinstance(part, Number)), None)
        if place is None:
            return None
        number = each[place]
        assert isinstance(number, Number)
        found.append((place, number))
    size = abs(found[0][1].value)
    if size == 1 or any(abs(number.value) != size for _, number in found):
        return None
    alike = all(number.value == found[0][1].value for _, number in found)
    value = found[0][1].value if alike else size
    for each, (place, number) in zip(lists, found, strict=True):
        each[place] = Number(number.value / value)
    origins = tuple(dict.fromkeys(origin for _, number in found for origin in number.origin))
    return Number(value, origins)


def _over_examples(term: Term, context: Context) -> bool:
    """Whether the term speaks of several examples by their numbers, as a sum over the examples
    does when it is written out. Out of it come the factors that come out of the sum itself."""
    problem = context.scope.problem
    example = problem.example_index
    if example is None:
        return False
    seen = {
        place
        for ref in references(term)
        for place, own in zip(ref.indices, problem.quantity(ref.name).indices, strict=True)
        if own.size == example.size and isinstance(place, int)
    }
    return len(seen) > 1


def _with_origins(one: Term, other: Term) -> Term:
    """``one`` with the origins of an equal term added to its own."""
    match one, other:
        case (
            (Number(origin=mine), Number(origin=theirs))
            | (Size(origin=mine), Size(origin=theirs))
            | (Ref(origin=mine), Ref(origin=theirs))
        ):
            assert isinstance(one, (Number, Size, Ref))
            return replace(one, origin=tuple(dict.fromkeys((*mine, *theirs))))
        case (Power(), Power()):
            return power(
                _with_origins(one.base, other.base), _with_origins(one.exponent, other.exponent)
            )
        case _:
            return one


# Signs and order ---------------------------------------------------------------------------------


def _sign(term: Term, context: Context) -> Rewrite | None:
    """``−(f − g) = −f + g``."""
    if not isinstance(term, Product) or len(term.factors) != 2:
        return None
    first, second = term.factors
    if not isinstance(first, Number) or first.value != -1 or not isinstance(second, Add):
        return None
    return Rewrite(add(*map(negate, second.terms)), Prose(("the sign is taken inside",)))


def _turn(term: Term, context: Context) -> Rewrite | None:
    """``−Σ_k c_k (y_k − y_i) = Σ_k c_k (y_i − y_k)``: the letter of the sum comes second."""
    match term:
        case Sum(index=index, body=body) if is_negative(body):
            turned = _turned(negate(body), index)
            if turned is None:
                return None
            return Rewrite(Sum(index, turned), Prose(("the minus sign turns a difference around",)))
        case Product(factors=factors) if is_negative(term):
            for n, factor in enumerate(factors):
                turned = _turned(factor.body, factor.index) if isinstance(factor, Sum) else None
                if turned is not None:
                    assert isinstance(factor, Sum)
                    inside = Sum(factor.index, turned)
                    after = negate(multiply(*factors[:n], inside, *factors[n + 1 :]))
                    return Rewrite(after, Prose(("the minus sign turns a difference around",)))
    return None


def _turned(body: Term, index: Index) -> Term | None:
    """The body with one ``y_k − y_i`` turned around, where ``k`` is the index."""
    factors = factors_of(body)
    for n, factor in enumerate(factors):
        if not isinstance(factor, Add) or len(factor.terms) != 2:
            continue
        first, second = factor.terms[0], negate(factor.terms[1])
        if not isinstance(first, Ref) or not isinstance(second, Ref) or first.name != second.name:
            continue
        pairs = [(a, b) for a, b in zip(first.indices, second.indices, strict=True) if a != b]
        if pairs and all(a == index for a, _ in pairs):
            return multiply(*factors[:n], add(second, negate(first)), *factors[n + 1 :])
    return None


def _is_constant_fraction(factor: Term) -> bool:
    return isinstance(factor, Power) and isinstance(factor.base, (Size, Number))


def _rank(factor: Term, context: Context) -> int:
    match factor:
        case Number():
            return 0
        case Size():
            return 1
        case Power() if _is_constant_fraction(factor):
            return 2
        case _ if is_coefficient(factor, context.scope.problem):
            return 3
        case _:
            return 4


def _order(term: Term, context: Context) -> Rewrite | None:
    """Numbers, sizes and hyperparameters first in a product; in a sum, what is positive first."""
    match term:
        case Product(factors=factors):
            # u/δ stays one fraction; (1/m) (f − g)/δ becomes (1/(m δ)) (f − g).
            led = any(
                isinstance(factor, (Add, Sum)) or _rank(factor, context) < 3 for factor in factors
            )
            ordered = tuple(
                sorted(
                    factors,
                    key=lambda factor: (
                        4 if _is_denominator(factor) and not led else _rank(factor, context)
                    ),
                )
            )
            if ordered != factors:
                return Rewrite(Product(ordered), Prose(("constant factors stand in front",)))
            ordered = _numerators_first(factors, context)
            if ordered == factors:
                return None
            return Rewrite(Product(ordered), Prose(("the numerator before the denominator",)))
        case Add(terms=parts):
            arranged = tuple(sorted(parts, key=is_negative))
            # −y/a + (1 − y)/(1 − a) stays in the order of the two cases that it is about.
            kept = any(_is_fraction(part) for part in parts if not is_negative(part))
            if arranged == parts or kept:
                return None
            return Rewrite(Add(arranged), Prose(("the positive term first",)))
        case _:
            return None


def _data_last(term: Term, context: Context) -> Rewrite | None:
    """``x_ij a_i (1 − a_i) x_is = a_i (1 − a_i) x_ij x_is``: what was measured stands behind what
    the model makes of it."""
    if not isinstance(term, Product) or any(map(_is_denominator, term.factors)):
        return None
    problem = context.scope.problem

    def is_data(factor: Term) -> bool:
        return (
            isinstance(factor, Ref)
            and bool(factor.indices)
            and problem.quantity(factor.name).role == "data"
        )

    ordered = tuple(sorted(term.factors, key=is_data))
    if ordered == term.factors:
        return None
    return Rewrite(Product(ordered), Prose(("the data stand behind",)))


def _numerators_first(factors: tuple[Term, ...], context: Context) -> tuple[Term, ...]:
    """``(1/u) v = v/u``: a denominator that stands before all numerators goes behind the first."""
    constant = [factor for factor in factors if is_coefficient(factor, context.scope.problem)]
    rest = list(factors[len(constant) :])
    below = 0
    while below < len(rest) and _is_denominator(rest[below]):
        below += 1
    if not 0 < below < len(rest) or isinstance(rest[below], Sum):
        return factors
    return (*constant, rest[below], *rest[:below], *rest[below + 1 :])


def _is_denominator(factor: Term) -> bool:
    return isinstance(factor, Power) and is_negative(factor.exponent)


def _parentheses(term: Term, context: Context) -> Rewrite | None:
    """``a + (b − c) = a + b − c``. Where every term is a sum of its own, as after writing out a
    sum over the examples, they stay apart."""
    if not isinstance(term, Add):
        return None
    inner = [isinstance(part, Add) for part in term.terms]
    if not any(inner) or all(inner):
        return None
    return Rewrite(add(*term.terms), Prose(("the parentheses are taken away",)))


def _is_fraction(term: Term) -> bool:
    return any(
        isinstance(factor, Power)
        and is_negative(factor.exponent)
        and not _is_constant_fraction(factor)
        for factor in factors_of(term)
    )


# Definitions read backwards ----------------------------------------------------------------------


def _recognise(term: Term, context: Context) -> Rewrite | None:
    """``σ(z_i) = a_i``: the body of a definition gets its name back."""
    if not isinstance(term, (Apply, Product, Sum, Power)):
        return None
    problem = context.scope.problem
    # The cost is no name for anything; a stage whose Jacobian is wanted is.
    named = problem.definitions if problem.cost.indices else problem.definitions[:-1]
    for definition in named:
        if definition.constant:
            continue  # inside a derivative, its body isn't the same
        if definition.derivative is not None:
            continue  # it is what that derivative is proved to be
        rewrite = _recognise_one(definition, term, context)
        if rewrite is not None:
            return rewrite
    return None


def _recognise_one(definition: Definition, term: Term, context: Context) -> Rewrite | None:
    variables = frozenset(definition.indices)
    body = definition.body
    if isinstance(body, (Apply, Sum)) and not isinstance(term, Product):
        found = match(body, term, variables)
        if found is None or any(index not in found for index in definition.indices):
            return None
        head = Ref(definition.name, tuple(found[index] for index in definition.indices))
        return Rewrite(head, Prose(("definition of ", head)), (head,))
    if isinstance(body, Power) and isinstance(term, Power):
        return _recognise_power(definition, body, term)
    if isinstance(body, Product) and isinstance(term, Product):
        result = _divide(list(body.factors), list(term.factors), variables, {})
        if result is None:
            return None
        rest, position, found = result
        if any(index not in found for index in definition.indices):
            return None
        head = Ref(definition.name, tuple(found[index] for index in definition.indices))
        after = multiply(*rest[:position], head, *rest[position:])
        return Rewrite(after, Prose(("definition of ", head)), (head,))
    return None


def _recognise_power(definition: Definition, body: Power, term: Power) -> Rewrite | None:
    """``1/(1 + e)² = w²`` for ``w = 1/(1 + e)``."""
    own, other = body.exponent, term.exponent
    if not isinstance(own, Number) or not isinstance(other, Number):
        return None
    ratio = other.value / own.value if own.value else Fraction(0)
    found = match(body.base, term.base, frozenset(definition.indices))
    if ratio.denominator != 1 or ratio < 1 or found is None:
        return None
    if any(index not in found for index in definition.indices):
        return None
    head = Ref(definition.name, tuple(found[index] for index in definition.indices))
    return Rewrite(power(head, ratio), Prose(("definition of ", head)), (head,))


def _divide(
    patterns: list[Term],
    factors: list[Term],
    variables: frozenset[Index],
    found: dict[Index, IndexLike],
) -> tuple[list[Term], int, dict[Index, IndexLike]] | None:
    """The factors without those that the patterns match, where the first of those stood, and what
    the variables became; ``None`` if they don't all match."""
    if not patterns:
        return factors, len(factors), found
    wanted = substitute(patterns[0], found)
    open_variables = variables - set(found)
    for n, factor in enumerate(factors):
        for part, left in _ways_to_take(factor):
            new = match(wanted, part, open_variables)
            if new is None:
                continue
            rest = [*factors[:n], *left, *factors[n + 1 :]]
            result = _divide(patterns[1:], rest, variables, {**found, **new})
            if result is not None:
                return result[0], min(n, result[1]), result[2]
    return None


def _ways_to_take(factor: Term) -> Iterator[tuple[Term, list[Term]]]:
    """The factor as a whole, and one of the equal factors of a power, with what is left of it."""
    yield factor, []
    if isinstance(factor, Power) and isinstance(factor.exponent, Number):
        exponent = factor.exponent.value
        if exponent < -1:
            yield power(factor.base, -1), [power(factor.base, exponent + 1)]
        elif exponent > 1:
            yield factor.base, [power(factor.base, exponent - 1)]


ALGEBRA: tuple[Rule, ...] = (
    Rule(
        "data last",
        r"x\,a\,x' = a\,x\,x'",
        "What was measured stands behind what the model makes of it.",
        "full",
        _data_last,
        (Product,),
    ),
    Rule(
        "definition read backwards",
        r"\text{body of } f = f",
        "An expression that has a name gets it back.",
        "full",
        _recognise,
        (Apply, Product, Sum, Power),
    ),
    Rule(
        "multiply numbers",
        r"c \cdot d = cd",
        "Numbers are multiplied; sizes stay apart.",
        "normal",
        _numbers,
        (Product,),
    ),
    Rule(
        "add numbers",
        r"c + d = (c+d)",
        "Numbers in a sum are added.",
        "full",
        _add_numbers,
        (Add,),
    ),
    Rule(
        "power of a number",
        r"c^n = c \cdot c \cdots c",
        "A power of a number is a number.",
        "full",
        _power_of_number,
        (Power,),
    ),
    Rule(
        "signs",
        r"f \cdot (-1) \cdot g = -f\,g",
        "Signs and numbers stand in front of a product.",
        "full",
        _signs,
        (Product,),
    ),
    Rule(
        "cancel",
        r"\frac{a\,f}{a} = f",
        "Equal factors above and below cancel.",
        "normal",
        _cancel,
        (Product,),
    ),
    Rule(
        "multiply out and cancel",
        r"\left(\frac fa + \frac gb\right) a\,b = f\,b + g\,a",
        "Multiply out, and cancel in each term.",
        "normal",
        _distribute_and_cancel,
        (Product,),
    ),
    Rule(
        "collect",
        r"c\,f + d\,f = (c+d)\,f",
        "Multiply out and collect equal terms.",
        "normal",
        _collect,
        (Product, Add),
    ),
    Rule(
        "cancel in a fraction",
        r"\frac{(a-b)\,f}{(a-b)\,g} = \frac fg",
        "A common factor of numerator and denominator cancels.",
        "normal",
        _cancel_fraction,
        (Product,),
    ),
    Rule(
        "common denominator",
        r"\frac fa + \frac gb = \frac{f\,b + g\,a}{a\,b}",
        "Fractions are brought over their common denominator, where terms cancel above the line.",
        "normal",
        _common_denominator,
        (Add,),
    ),
    Rule(
        "take the sign inside",
        r"-(f-g) = -f + g",
        "The minus sign is taken inside the parentheses.",
        "full",
        _sign,
        (Product,),
    ),
    Rule(
        "turn a difference",
        r"-\sum_k c_k\,(y_k - y_i) = \sum_k c_k\,(y_i - y_k)",
        "A minus sign in front turns a difference around.",
        "full",
        _turn,
        (Sum, Product),
    ),
    Rule(
        "remove parentheses",
        r"f + (g - h) = f + g - h",
        "Parentheses inside a sum are taken away.",
        "full",
        _parentheses,
        (Add,),
    ),
    Rule(
        "factor out",
        r"c\,f + c\,g = c\,(f + g)",
        "A common factor is written once.",
        "normal",
        _factor_out,
        (Add,),
    ),
    Rule(
        "equal factors",
        r"a \cdot a = a^2",
        "Equal factors are written as a power.",
        "full",
        _equal_factors,
        (Product,),
    ),
    Rule(
        "order",
        r"-f + g = g - f",
        "Constants come first in a product, positive terms first in a sum.",
        "full",
        _order,
        (Product, Add),
    ),
)
