"""Putting a problem together: everything that a cost is made of is collected and checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Literal

from derive.errors import InputError, Unsupported
from derive.language.declarations import checked_name, define
from derive.language.expressions import Expression, FactHandle, Named, merged
from derive.model import (
    AbstractFunction,
    Definition,
    Fact,
    Problem,
    Quantity,
)
from derive.notation.clashes import conflicts
from derive.notation.symbols import check_length, default_symbols
from derive.symmetry import SYMMETRIC_DOMAINS
from derive.terms import (
    Family,
    Index,
    Number,
    Power,
    Ref,
    Shift,
    Size,
    Sum,
    Term,
    bounds,
    children,
    factors_of,
    place_indices,
    references,
    separate,
    terms_of,
    walk,
)

__all__ = ["TOO_DEEP", "problem"]


def problem(
    cost: Expression,
    *,
    name: str = "own_cost",
    title: str = "",
    summary: str = "",
    facts: Iterable[FactHandle] = (),
    spare: Index | Iterable[Index] = (),
    example: Index | Literal[False] | None = None,
    written_out: Iterable[Named | str] = (),
    also_named: Iterable[Named] = (),
    kept: Iterable[Named | str] = (),
    wrt: Iterable[Named | str] = (),
    sizes: Mapping[str, int] | None = None,
    step_at_zero: int | Fraction = 0,
    sign_at_zero: int | Fraction = 0,
) -> Problem:
    """Collect everything that ``cost`` is made of.

    Args:
        cost: what is differentiated: an expression without free indices, or a named one.
        name, title, summary: for the command line and the head of the page.
        facts: what is known about the data, see :func:`fact`.
        spare: further letters for indices, used when the derivation needs a new one.
        example: the index that counts the examples; found by itself where the cost is a mean or a
            sum. ``False`` where nothing counts examples, as in a sum over users and items.
        written_out: stages whose definitions are put back into the finished gradient.
        also_named: stages that the cost is not made of, whose names the gradient should have all
            the same, as the responsibilities of a mixture.
        kept: stages whose derivatives keep their names in the results, ``∂L_i/∂z_ik``, where it
            would take too much room to write them out.
        wrt: what to differentiate by unless something else is asked for; all parameters if left
            out.
        sizes: the sizes of the written-out case, where 3 examples and 2 of anything else won't do.
        step_at_zero: what ``1[u > v]`` counts as where ``u = v``, from 0 to 1: with it the
            gradient at a kink is a subgradient, as ``1[z > 0]`` is the one of ReLU at 0.
        sign_at_zero: what ``sign(u)`` counts as at 0, from −1 to 1: the subgradient of ``|u|``.

    Raises:
        InputError: two quantities share a name, shapes don't fit, or an index escapes its sum.

    >>> from derive.language import data, indices, mean, parameter, relu
    >>> i = indices("i:m")
    >>> w, x = parameter("w"), data("x[i]")
    >>> made = problem(mean(relu(w * x[i]), over=i), step_at_zero=Fraction(1, 2))
    >>> made.at_jump("greater")
    Fraction(1, 2)
    """
    if isinstance(cost, Problem):
        return cost
    try:
        return _assembled(
            cost,
            name,
            title,
            summary,
            facts,
            spare,
            example,
            written_out,
            also_named,
            kept,
            wrt,
            sizes,
            _jumps(step_at_zero, sign_at_zero),
        )
    except RecursionError:
        raise Unsupported(TOO_DEEP) from None


def _jumps(step: object, sign: object) -> tuple[tuple[str, Fraction], ...]:
    """The conventions that differ from 0, held against the subgradients that there are.

    Raises:
        InputError: a value is no number, or no subgradient.
    """
    found = []
    for argument, function, low, value in (
        ("step_at_zero", "greater", 0, step),
        ("sign_at_zero", "sign", -1, sign),
    ):
        if isinstance(value, bool) or not isinstance(value, (int, Fraction)):
            raise InputError(f"{argument}={value!r} is not a whole number or a Fraction")
        if not low <= value <= 1:
            raise InputError(f"{argument}={value} is no subgradient: it lies from {low} to 1")
        if value:
            found.append((function, Fraction(value)))
    return tuple(found)


#: So many terms may stand inside one another, and so many stages may follow upon one another: what
#: is deeper would exhaust Python's stack in one version or other, and a reader's patience in each.
_MOST_LEVELS = 100

#: What is said of a cost that goes deeper.
TOO_DEEP = (
    f"the cost is nested too deeply: keep to {_MOST_LEVELS} levels of stages and of functions "
    "inside functions, and name inner expressions as stages"
)


def _require_shallow(definitions: Iterable[Definition]) -> None:
    """Refuse a chain of stages, or a formula, of more than 100 levels.

    Raises:
        Unsupported: it has more.
    """
    stages: dict[str, int] = {}
    for definition in definitions:
        stage = 0
        left: list[tuple[Term, int]] = [(definition.body, 1)]
        while left:
            part, level = left.pop()
            if level > _MOST_LEVELS:
                raise Unsupported(TOO_DEEP)
            if isinstance(part, Ref):
                stage = max(stage, stages.get(part.name, 0))
            left.extend((child, level + 1) for child in children(part))
        stages[definition.name] = stage + 1
        if stage + 1 > _MOST_LEVELS:
            raise Unsupported(TOO_DEEP)


def _assembled(
    cost: Expression,
    name: str,
    title: str,
    summary: str,
    facts: Iterable[FactHandle],
    spare: Index | Iterable[Index],
    example: Index | Literal[False] | None,
    written_out: Iterable[Named | str],
    also_named: Iterable[Named],
    kept: Iterable[Named | str],
    wrt: Iterable[Named | str],
    sizes: Mapping[str, int] | None,
    jumps: tuple[tuple[str, Fraction], ...],
) -> Problem:
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
    if named_cost.options.constant:
        raise InputError(f"the cost {named_cost.name} is held constant: it has no gradient")
    for what, said in (("title", title), ("summary", summary)):
        if not isinstance(said, str):
            raise InputError(f"{what}={said!r} is not text")
    check_length("the title", title)
    if example is not None and example is not False and not isinstance(example, Index):
        raise InputError(
            f'example={example!r} is not an index; make one with derive.indices("i:m")'
        )
    if sizes is not None and not isinstance(sizes, Mapping):
        raise InputError(f'sizes={sizes!r} is not a dictionary such as {{"m": 3}}')
    facts = _all_of(facts, FactHandle, "facts", "a fact; make one with derive.fact")
    spare = _all_of(spare, Index, "spare", 'an index; make one with derive.indices("i:m")')
    written_out = _all_of(written_out, (Named, str), "written_out", "a stage or its name")
    kept = _all_of(kept, (Named, str), "kept", "a stage or its name")
    wrt = _all_of(wrt, (Named, str), "wrt", "a quantity or its name")
    also_named = _all_of(also_named, Named, "also_named", "a stage; make one with derive.define")
    for stage in also_named:
        if stage.body is None:
            raise InputError(f"also_named: {stage.name} is not a stage, it has no definition")
    collected = _collect(named_cost, facts, also_named)
    letters = _letter_sizes(collected, facts, spare)
    spare_letters = tuple(letters.values())
    definitions = tuple(
        _definition(named, letters, spare_letters) for named in collected if named.body is not None
    )
    _require_shallow(definitions)
    functions = _functions(collected)
    _check_shapes(collected, facts, letters)
    _check_clashes(collected, functions, letters)
    quantities = tuple(_quantity(named, letters) for named in _in_reading_order(collected))
    body = definitions[-1].body
    known = {named.name: named for named in collected}
    for what, given in (("written_out", written_out), ("kept", kept), ("wrt", wrt)):
        for each in given:
            called = each.name if isinstance(each, Named) else each
            if called not in known or (isinstance(each, Named) and known[called] is not each):
                raise InputError(f"{what}: the cost has no quantity {called}")
            if what != "wrt" and known[called].body is None:
                raise InputError(f"{what}: {called} is not a stage, it has no definition")
    if example is None:
        example = _example_index(body, quantities)
    made = Problem(
        name=checked_name(name),
        title=title or name.replace("_", " ").capitalize(),
        indices=spare_letters,
        quantities=quantities,
        definitions=definitions,
        facts=(
            *(Fact(each.left.term, each.right.term, each.reason) for each in facts),
            *_domain_facts(quantities, facts),
        ),
        functions=functions,
        example_index=example or None,
        written_out=tuple(map(_name_of, written_out)),
        default_wrt=tuple(map(_name_of, wrt)),
        summary=summary,
        default_sizes=tuple(sorted((sizes or {}).items())),
        jumps=jumps,
        kept=tuple(map(_name_of, kept)),
    )
    for size_name, number in made.default_sizes:
        if size_name not in made.size_names:
            raise InputError(f"{name} has no size {size_name!r}")
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise InputError(f"the size {size_name} must be a whole number of at least 1")
    made.fitted(dict.fromkeys(made.size_names, 2))
    _check_signs(made)
    return made


def _name_of(quantity: Named | str) -> str:
    return quantity if isinstance(quantity, str) else quantity.name


def _all_of(
    given: object, kind: type | tuple[type, ...], argument: str, wanted: str
) -> tuple[Any, ...]:
    """The items of an argument; one item by itself counts as the only one.

    Raises:
        InputError: something else is among them.
    """
    items: tuple[Any, ...] = (given,)
    if isinstance(given, Iterable) and not isinstance(given, (str, Expression)):
        items = tuple(given)
    for item in items:
        if not isinstance(item, kind):
            raise InputError(f"{argument}: {item!r} is not {wanted}")
    return items


def _collect(
    cost: Named, facts: tuple[FactHandle, ...], beside: tuple[Named, ...] = ()
) -> tuple[Named, ...]:
    """Every quantity below the cost, and the stages beside it, what is used before what uses
    it."""
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

    for stage in beside:
        visit(stage)
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


def _check_signs(made: Problem) -> None:
    """Refuse two things that print as one sign.

    Raises:
        InputError: there are two such things; the message names both.
    """
    for conflict in conflicts(made):
        raise InputError(
            f"{conflict.first.what} and {conflict.second.what} both print as {conflict.shown}: "
            "give one of them another name, or a sign of its own (latex= and text=; for a whole "
            "array stack_latex= and stack_text=)"
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
                        for index in place_indices(place):
                            note(index, where)
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
                        f"the index {letter} of {named.specification} has no size; use it "
                        f'somewhere, as in derive.indices("{letter}:n"), or give it to '
                        "derive.problem as one of the spare letters"
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
            _check_shifts(part, where)
            given = [
                place.size if isinstance(place, Index) else own
                for place, own in zip(part.indices, wanted, strict=True)
            ]
            if wanted != given:
                raise InputError(
                    f"in {where}, {part} has the shape {_shape(given)}, but {named.name} was "
                    f"declared as {named.specification} with the shape {_shape(wanted)}"
                )


def _check_shifts(ref: Ref, where: str) -> None:
    """Refuse a place that may lie before the first: places are counted from 1."""
    for place in ref.indices:
        if isinstance(place, Shift) and (bounds(place, {})[0] or 0) < 1:
            raise InputError(
                f"in {where}, the place {place} of {ref} can be less than 1; places are counted "
                "from 1, as in x[t + k - 1]"
            )


def _definition(named: Named, letters: Mapping[str, Index], spare: tuple[Index, ...]) -> Definition:
    assert named.body is not None
    head = tuple(letters[letter] for letter in named.letters)
    body = separate(named.body.term, head, spare)
    options = named.options
    return Definition(named.name, head, body, options.meaning, options.constant)


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
    _require_square(named, tuple(letters[letter] for letter in named.letters))
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
    handles = merged(*(named.body.functions for named in collected if named.body is not None))
    names: dict[str, AbstractFunction] = {}
    for handle in handles:
        if handle.function.name in names:
            raise InputError(f"the function {handle.function.name} is declared twice")
        names[handle.function.name] = handle.function
    return tuple(names.values())


def _require_square(named: Named, indices: tuple[Index, ...]) -> None:
    """Refuse a symmetric matrix whose rows and columns have different sizes.

    Raises:
        InputError: it is one.
    """
    if named.options.domain in SYMMETRIC_DOMAINS and indices[0].size != indices[1].size:
        raise InputError(
            f"{named.specification} is declared {named.options.domain}, but "
            f"{indices[0].size} × {indices[1].size} is not square"
        )


def _domain_facts(
    quantities: tuple[Quantity, ...], given: tuple[FactHandle, ...]
) -> Iterator[Fact]:
    """What the domains imply: probabilities sum to one."""
    for quantity in quantities:
        if quantity.domain == "probabilities":
            left = Sum(quantity.indices[-1], quantity.ref)
            if not any(each.left.term == left for each in given):
                yield Fact(left, Number(Fraction(1)), "probabilities sum to one")


def _example_index(cost: Term, quantities: tuple[Quantity, ...]) -> Index | None:
    """The index of the first sum in the cost that is divided by its own size, else of the first
    sum; an index over the size of a parameter's other letter doesn't count examples."""
    parameters = [quantity for quantity in quantities if quantity.role == "parameter"]

    def counts_examples(index: Index) -> bool:
        return not any(
            other.size == index.size
            for quantity in parameters
            if index not in quantity.indices
            for other in quantity.indices
        )

    first: Index | None = None
    for term in terms_of(cost):
        factors = factors_of(term)
        sizes = {
            factor.base.name
            for factor in factors
            if isinstance(factor, Power) and isinstance(factor.base, Size)
        }
        for factor in factors:
            if isinstance(factor, Sum) and counts_examples(factor.index):
                first = first or factor.index
                if factor.index.size in sizes:
                    return factor.index
    return first
