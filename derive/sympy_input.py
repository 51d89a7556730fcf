"""A cost that is a SymPy expression, in ``Indexed``, ``Sum``, ``Function`` and ``Symbol``.

The expression is read as it stands: its sums give the sizes of the indices, its indexed bases
the quantities, and stages that are named the stages of the derivation. Only expression objects are
taken; text is never parsed.

>>> import sympy as sp
>>> m, n = sp.symbols("m n", integer=True, positive=True)
>>> i, j = sp.symbols("i j", integer=True)
>>> x, y, w, z = map(sp.IndexedBase, "xywz")
>>> b = sp.Symbol("b")
>>> problem = from_sympy(
...     sp.Sum((z[i] - y[i]) ** 2, (i, 1, m)) / (2 * m),
...     stages=[(z[i], sp.Sum(w[j] * x[i, j], (j, 1, n)) + b)],
...     parameters=[w, b],
... )
>>> import derive
>>> print(derive.gradient(problem, wrt="w").result)
(1/m) Σᵢ₌₁ᵐ (z_i − y_i) x_ij
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias, cast

from derive import language
from derive.errors import InputError, Unsupported
from derive.functions import FUNCTIONS
from derive.language import AbstractHandle, Expression, Named
from derive.language.assembly import TOO_DEEP
from derive.language.borrowed import index_letters, quantity_name, recognised, selected
from derive.model import Domain, Problem
from derive.terms import Index

__all__ = ["from_sympy"]

#: SymPy expressions; SymPy has no types.
_Basic: TypeAlias = Any
_Value: TypeAlias = "Expression | int | Fraction"


@dataclass(frozen=True)
class _Range:
    """The size of an index, a symbol's name or a number, and where SymPy counts it from."""

    size: str | int
    start: int

    def __str__(self) -> str:
        last = self.size if self.start else f"{self.size} - 1"
        return f"{self.start}..{last}"


def from_sympy(
    cost: _Basic,
    *,
    parameters: Iterable[_Basic],
    stages: Iterable[_Basic] = (),
    data: Iterable[_Basic] = (),
    hyperparameters: Iterable[_Basic] = (),
    domains: Mapping[_Basic, Domain] | None = None,
    meanings: Mapping[_Basic, str] | None = None,
    constants: Iterable[_Basic] = (),
    facts: Iterable[tuple[_Basic, _Basic, str]] = (),
    spare: Iterable[Index] = (),
    written_out: Iterable[_Basic] = (),
    name: str = "own_cost",
    title: str = "",
    summary: str = "",
    sizes: Mapping[str, int] | None = None,
    step_at_zero: int | Fraction | None = None,
    sign_at_zero: int | Fraction = 0,
) -> Problem:
    """The problem of a cost that is a SymPy expression.

    Args:
        cost: the expression that is differentiated, without free indices; an equation
            ``Eq(J, …)`` gives it its name.
        parameters: the ``IndexedBase`` and ``Symbol`` objects (or their names) that the cost is
            differentiated by.
        stages: named stages as pairs ``(z[i], expression)`` or equations, in any order.
        data, hyperparameters: what else is which. Without them an ``IndexedBase`` is data and a
            ``Symbol`` a hyperparameter.
        domains: where values lie, by object or name. What SymPy holds to be positive is so here.
        meanings: what quantities and stages mean, for the table of symbols.
        constants: stages that are held constant, see :func:`derive.constant`.
        facts: equations about the data, as ``(left, right, reason)``.
        spare: further letters for indices, see :func:`derive.problem`; chosen if left out.
        written_out: stages that are put back into the finished gradient.
        name, title, summary, sizes, sign_at_zero: as for :func:`derive.problem`.
        step_at_zero: likewise; if left out, it is what the ``Heaviside`` functions of the cost
            count as at 0.

    Indices have the sizes of the sums over them, ``(i, 1, m)``; sums from 0 to ``m − 1`` are
    counted from 1 instead, which the summary says. An index that nothing sums takes its size from
    an ``Idx``, from the shape of an ``IndexedBase`` or from the other places it stands in.
    ``Function("L")`` is any smooth function, unless it has the name of one that is known here,
    such as ``Function("sigmoid")``.

    Raises:
        InputError: something in the expression has no meaning here: a rounded number, an index
            that escapes its sum, sizes that contradict each other, stages that go in a circle.
        Unsupported: a part of the expression that no rule differentiates.
    """
    import sympy

    given = _Input(sympy, parameters, data, hyperparameters, domains or {}, meanings or {})
    given.constants = {given.name_of(each) for each in _all_of(constants, "constants")}
    try:
        reader = _Reader(given, cost, _all_of(stages, "stages"), tuple(facts))
        read = reader.cost()
        return language.problem(
            read,
            name=name,
            title=title,
            summary=" ".join(filter(None, (summary, reader.echo()))),
            facts=reader.facts(),
            spare=tuple(spare) or reader.spare(),
            written_out=[given.name_of(each) for each in _all_of(written_out, "written_out")],
            wrt=given.parameters,
            sizes=sizes,
            step_at_zero=reader.step_at_zero(step_at_zero),
            sign_at_zero=sign_at_zero,
        )
    except RecursionError:
        raise Unsupported(TOO_DEEP) from None


def _all_of(given: Iterable[_Basic], what: str) -> tuple[_Basic, ...]:
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise InputError(f"{what}={given!r}: give a list, even of one")
    return tuple(given)


class _Input:
    """What was said about the quantities of the expression."""

    def __init__(
        self,
        sympy: Any,
        parameters: Iterable[_Basic],
        data: Iterable[_Basic],
        hyperparameters: Iterable[_Basic],
        domains: Mapping[_Basic, Domain],
        meanings: Mapping[_Basic, str],
    ) -> None:
        self.sympy = sympy
        self.roles: dict[str, str] = {}
        for role, listed in (
            ("parameter", _all_of(parameters, "parameters")),
            ("data", _all_of(data, "data")),
            ("hyperparameter", _all_of(hyperparameters, "hyperparameters")),
        ):
            for each in listed:
                known = self.roles.setdefault(self.name_of(each), role)
                if known != role:
                    raise InputError(f"{each} is given as {known} and as {role}")
        self.parameters = tuple(n for n, role in self.roles.items() if role == "parameter")
        if not self.parameters:
            raise InputError("parameters is empty: name what the cost is differentiated by")
        self.domains = {self.name_of(each): domain for each, domain in domains.items()}
        self.meanings = {self.name_of(each): said for each, said in meanings.items()}
        self.constants: set[str] = set()

    def name_of(self, given: _Basic) -> str:
        """The name of a quantity, given as an object of SymPy's or as its name."""
        sympy = self.sympy
        if isinstance(given, str):
            return quantity_name(given)
        if isinstance(given, sympy.Indexed):
            given = given.base
        if isinstance(given, sympy.IndexedBase):
            given = given.label
        if isinstance(given, sympy.Symbol):
            return quantity_name(given.name)
        raise InputError(f"{given!r} is not an IndexedBase, a Symbol or a name")


@dataclass
class _Stage:
    """A stage as it was given; ``named`` once it has been read."""

    head: _Basic
    body: _Basic
    named: Named | None = None
    reading: bool = field(default=False)


class _Reader:
    """The expressions of one call, and what was found out about them."""

    def __init__(
        self,
        given: _Input,
        cost: _Basic,
        stages: Sequence[_Basic],
        facts: Sequence[tuple[_Basic, _Basic, str]],
    ) -> None:
        self._given = given
        self._sympy = given.sympy
        self._stages: dict[str, _Stage] = {}
        for stage in stages:
            self._add_stage(*self._pair(stage, "a stage"))
        self._cost = cost
        if isinstance(cost, self._sympy.Eq):
            self._add_stage(*self._pair(cost, "the cost"))
            self._cost = cost.lhs
        self._require_expression(self._cost)
        self._facts = facts
        self._named: dict[str, Named] = {}
        self._objects: dict[str, _Basic] = {}
        self._functions: dict[str, AbstractHandle] = {}
        self._heaviside: dict[Fraction, _Basic] = {}
        self._where = "the cost"
        self._ranges: dict[_Basic, _Range] = {}
        self._index_names: dict[str, _Basic] = {}
        self._sizes: set[str] = set()
        self._find_ranges()

    # What was given -------------------------------------------------------------------------------

    def _pair(self, given: _Basic, what: str) -> tuple[_Basic, _Basic]:
        if isinstance(given, self._sympy.Eq):
            return given.lhs, given.rhs
        if isinstance(given, (tuple, list, self._sympy.Tuple)) and len(given) == 2:
            return given[0], given[1]
        raise InputError(f"{given!r} is not {what}; give a pair (z[i], expression) or an equation")

    def _add_stage(self, head: _Basic, body: _Basic) -> None:
        if not isinstance(head, (self._sympy.Indexed, self._sympy.Symbol)):
            raise InputError(f"{head!r} is not the head of a stage, such as z[i] or a Symbol")
        name = self._given.name_of(head)
        if name in self._stages:
            raise InputError(f"the stage {name} is defined twice")
        if name in self._given.roles:
            raise InputError(f"{name} is a stage, and is given as {self._given.roles[name]} too")
        self._require_expression(body)
        self._stages[name] = _Stage(head, body)

    def _require_expression(self, given: _Basic) -> None:
        if isinstance(given, (int, Fraction)) and not isinstance(given, bool):
            return
        if not isinstance(given, self._sympy.Basic):
            said = "text is not parsed; " if isinstance(given, str) else ""
            raise InputError(f"{given!r}: {said}give a SymPy expression")
        if isinstance(given, (self._sympy.MatrixExpr, self._sympy.MatrixBase)):
            raise Unsupported(
                f"{given} is a matrix: write its components with indices, as in "
                "Sum(W[k, j]*x[i, j], (j, 1, n))"
            )

    def _expressions(self) -> Iterator[_Basic]:
        for stage in self._stages.values():
            yield stage.head
            yield stage.body
        yield self._cost
        for left, right, _ in self._facts:
            yield left
            yield right

    def _parts(self) -> Iterator[_Basic]:
        for expression in self._expressions():
            if isinstance(expression, self._sympy.Basic):
                yield from self._sympy.preorder_traversal(expression)

    # Sizes ----------------------------------------------------------------------------------------

    def _find_ranges(self) -> None:
        """The range of each index: from the sums, else from what it is used with."""
        sympy = self._sympy
        places: dict[tuple[str, int], _Range] = {}
        used: list[tuple[tuple[str, int], _Basic, _Basic]] = []
        for part in self._parts():
            if isinstance(part, sympy.Sum):
                for limit in part.limits:
                    self._note(limit[0], self._range_of_limit(part, limit), part)
            elif isinstance(part, sympy.Idx) and part.upper is not None:
                self._note(part, self._range(part.lower, part.upper, part), part)
            elif isinstance(part, sympy.Indexed):
                name = self._given.name_of(part)
                shape = part.base.shape
                for position, index in enumerate(part.indices):
                    used.append(((name, position), index, part))
                    if shape is not None and position < len(shape):
                        extent = self._size(shape[position], part)
                        places.setdefault((name, position), _Range(extent, 1))
        shapes = {place: extent.size for place, extent in places.items()}
        places.clear()
        settled = -1
        while settled != len(self._ranges) + len(places):
            settled = len(self._ranges) + len(places)
            for place, index, part in used:
                if index in self._ranges:
                    self._settle(places, place, self._ranges[index], part)
                elif place in places and self._is_letter(index):
                    self._note(index, places[place], part)
        for place, index, part in used:
            if place in shapes and self._is_letter(index):
                if index not in self._ranges:
                    self._note(index, _Range(shapes[place], 1), part)
                elif self._ranges[index].size != shapes[place]:
                    raise InputError(
                        f"{part}: {index} runs over {self._ranges[index]}, but the shape of "
                        f"{part.base} says {shapes[place]}"
                    )
        for index, own in self._ranges.items():
            if own.size in self._index_names:
                raise Unsupported(
                    f"{index} runs over {own}, as far as another index: the size of an index is a "
                    "symbol or a number"
                )
        self._sizes = {r.size for r in self._ranges.values() if isinstance(r.size, str)}

    def _settle(
        self, places: dict[tuple[str, int], _Range], place: tuple[str, int], own: _Range, part: Any
    ) -> None:
        known = places.setdefault(place, own)
        if known.size == own.size and known.start != own.start:
            raise InputError(
                f"{part}: index {place[1] + 1} of {place[0]} counts from {own.start} here and "
                f"from {known.start} elsewhere; let it always count from the same number"
            )

    def _is_letter(self, index: _Basic) -> bool:
        return isinstance(index, (self._sympy.Symbol, self._sympy.Idx))

    def _note(self, index: _Basic, own: _Range, part: _Basic) -> None:
        if not self._is_letter(index):
            raise InputError(f"{part}: {index} is not an index; use a Symbol or an Idx")
        known = self._ranges.setdefault(index, own)
        if known != own:
            raise InputError(
                f"{part}: the index {index} runs over {own} here and over {known} elsewhere; "
                "use another letter for one of them"
            )
        name = self._letter(index)
        if self._index_names.setdefault(name, index) != index:
            raise InputError(
                f"{part}: two different SymPy objects are called {name} (their assumptions or "
                "ranges differ); use one of them throughout"
            )

    def _letter(self, index: _Basic) -> str:
        label = index.label if isinstance(index, self._sympy.Idx) else index
        return quantity_name(str(label))

    def _range_of_limit(self, part: _Basic, limit: _Basic) -> _Range:
        if len(limit) != 3:
            raise InputError(
                f"{part}: the sum over {limit[0]} needs its limits, ({limit[0]}, 1, m)"
            )
        return self._range(limit[1], limit[2], part)

    def _range(self, low: _Basic, high: _Basic, part: _Basic) -> _Range:
        if low not in (0, 1):
            raise Unsupported(
                f"{part}: a range from {low} to {high}; indices run over 1..m (or 0..m - 1)"
            )
        return _Range(self._size(high - low + 1, part), int(low))

    def _size(self, size: _Basic, part: _Basic) -> str | int:
        if isinstance(size, self._sympy.Symbol) and size not in self._ranges:
            return quantity_name(size.name)
        if getattr(size, "is_Integer", False) and size >= 1:
            return int(size)
        raise Unsupported(
            f"{part}: an index over {size} values; the size of an index is a symbol or a number"
        )

    def echo(self) -> str:
        """What was changed in reading, as a sentence."""
        from_zero = [(i, r) for i, r in self._ranges.items() if r.start == 0]
        if not from_zero:
            return ""
        said = ", ".join(f"{self._letter(index)} = {own}" for index, own in from_zero)
        return f"What was given as {said} is counted from 1 here."

    def spare(self) -> tuple[Index, ...]:
        """Two more letters for each size, for the sums that a derivation renames."""
        sizes = dict.fromkeys(own.size for own in self._ranges.values())
        taken = [*self._index_names, *self._named, *self._functions, *self._stages]
        letters = index_letters(sizes, taken, count=2)
        return tuple(Index(name, size) for size, names in letters.items() for name in names)

    # Quantities -----------------------------------------------------------------------------------

    def cost(self) -> Expression:
        """The cost, once every stage has been read."""
        try:
            read = self._read(self._cost)
        except (InputError, Unsupported) as error:
            raise type(error)(f"in {self._where}: {error}") from None
        for name in self._given.constants:
            if name not in self._stages:
                raise InputError(f"constants: {name} is not a stage")
        unused = [name for name, stage in self._stages.items() if stage.named is None]
        if unused:
            head = self._stages[unused[0]].head
            raise InputError(
                f"the cost does not use the stage {unused[0]}: write {head} where its expression "
                "stands"
            )
        if not isinstance(read, Expression):
            raise InputError(f"the cost is the number {read}")
        missing = [n for n in self._given.parameters if n not in self._named]
        if missing:
            raise InputError(f"the cost does not depend on the parameter {missing[0]}")
        return read if isinstance(read, Named) else recognised(read)

    def facts(self) -> list[language.FactHandle]:
        """The facts, read."""
        return [
            language.fact(self._read(left), self._read(right), reason)
            for left, right, reason in self._facts
        ]

    def step_at_zero(self, said: int | Fraction | None) -> int | Fraction:
        """The convention at a jump: as said, else that of the Heaviside functions."""
        if len(self._heaviside) > 1:
            first, second = list(self._heaviside.values())[:2]
            raise InputError(f"{first} and {second} differ at 0; use the same value for both")
        at_zero = next(iter(self._heaviside), None)
        if said is not None and at_zero is not None and said != at_zero:
            raise InputError(
                f"step_at_zero={said}, but {self._heaviside[at_zero]} is {at_zero} at 0"
            )
        return said if said is not None else (at_zero or 0)

    def _index(self, index: _Basic, part: _Basic) -> Index:
        if not self._is_letter(index):
            raise Unsupported(
                f"{part}: the index {index} is not a letter; only running indices such as i have "
                "a derivation for every size"
            )
        if index not in self._ranges:
            raise InputError(
                f"{part}: the index {index} has no size; sum over it, or declare it as "
                f'Idx("{index}", (1, m))'
            )
        return Index(self._letter(index), self._ranges[index].size)

    def _same_object(self, name: str, found: _Basic) -> None:
        known = self._objects.setdefault(name, found)
        if known != found:
            raise InputError(
                f"two different SymPy objects are called {name} (their kinds or assumptions "
                "differ): use one of them throughout"
            )

    def _quantity(self, found: _Basic, indices: tuple[Index, ...]) -> Named:
        """The quantity of an IndexedBase or a Symbol, declared when it is met first."""
        name = self._given.name_of(found)
        self._same_object(name, found)
        known = self._named.get(name)
        if known is not None:
            return known
        stage = self._stages.get(name)
        if stage is not None:
            made = self._named[name] = self._define(name, stage)
            return made
        scalar = not indices
        role = self._given.roles.get(name, "hyperparameter" if scalar else "data")
        letters = self._letters(indices)
        specification = f"{name}[{','.join(letters)}]" if letters else name
        positive = bool(found.is_positive)
        usual: Domain = "positive" if positive or role == "hyperparameter" else "real"
        options = {
            "meaning": self._given.meanings.get(name, ""),
            "domain": self._given.domains.get(name, usual),
        }
        declare: Callable[..., Named] = {
            "parameter": language.parameter,
            "data": cast("Callable[..., Named]", language.data),
            "hyperparameter": language.hyperparameter,
        }[role]
        made = self._named[name] = declare(specification, **options)
        return made

    def _letters(self, indices: tuple[Index, ...]) -> list[str]:
        """A letter of its own for each place: ``A[i, i]`` is declared as ``A[i, j]``."""
        letters: list[str] = []
        for index in indices:
            fitting = [index.name] + [
                self._letter(other) for other, own in self._ranges.items() if own.size == index.size
            ]
            fitting += [f"{index.name}{number}" for number in range(2, len(indices) + 2)]
            letters.append(next(name for name in fitting if name not in letters))
        return letters

    def _define(self, name: str, stage: _Stage) -> Named:
        if stage.reading:
            around = [other for other, each in self._stages.items() if each.reading]
            raise InputError(
                f"the stages {', '.join(around)} are defined by one another, in a circle"
            )
        stage.reading = True
        outside, self._where = self._where, f"the definition of {stage.head}"
        indices = self._head_indices(stage.head)
        letters = [index.name for index in indices]
        if len(set(letters)) != len(letters):
            raise InputError(f"{stage.head} has the same index twice")
        body = self._read(stage.body)
        body = recognised(body) if isinstance(body, Expression) else body
        define = language.constant if name in self._given.constants else language.define
        stage.named = define(
            f"{name}[{','.join(letters)}]" if letters else name,
            body,
            meaning=self._given.meanings.get(name, ""),
        )
        stage.reading = False
        self._where = outside  # where the reading stopped, if it didn't come so far
        return stage.named

    def _head_indices(self, head: _Basic) -> tuple[Index, ...]:
        if not isinstance(head, self._sympy.Indexed):
            return ()
        return tuple(self._index(index, head) for index in head.indices)

    # Expressions ----------------------------------------------------------------------------------

    def _read(self, part: _Basic) -> _Value:
        """A part of an expression as an expression of ours.

        Raises:
            InputError: it has no meaning here; the message says which part.
            Unsupported: no rule differentiates it.
        """
        sympy = self._sympy
        if isinstance(part, (int, Fraction)) and not isinstance(part, bool):
            return part
        if isinstance(part, sympy.Rational):
            return Fraction(int(part.p), int(part.q))
        if isinstance(part, sympy.Float):
            raise InputError(f"{_rounded(part)}")
        if part is sympy.pi:
            return language.pi()
        if part is sympy.E:
            return language.exp(1)
        if isinstance(part, sympy.Indexed):
            indices = tuple(self._index(index, part) for index in part.indices)
            return self._quantity(part.base, indices)[indices]
        if isinstance(part, (sympy.Symbol, sympy.Idx)):
            return self._symbol(part)
        if isinstance(part, sympy.Add):
            return self._sum_of_terms(part)
        if isinstance(part, sympy.Mul):
            return self._product(part)
        if isinstance(part, sympy.Pow):
            return self._power(part)
        if isinstance(part, sympy.Sum):
            over = [self._index(limit[0], part) for limit in reversed(part.limits)]
            return language.sum(self._read(part.function), over=over)
        if isinstance(part, sympy.Piecewise):
            return self._piecewise(part)
        if isinstance(part, sympy.core.function.Application):
            return self._function(part)
        raise _unsupported(part, sympy)

    def _symbol(self, part: _Basic) -> _Value:
        if part in self._ranges:
            raise InputError(
                f"{part} is an index and stands where a number is wanted; an index counts and has "
                "no value in a formula"
            )
        name = self._given.name_of(part)
        if name in self._sizes:
            return language.size(name)
        return self._quantity(part, ())

    def _sum_of_terms(self, part: _Basic) -> _Value:
        """The terms in the order in which SymPy prints them; those with a minus sign after the
        others, and sums before what stands beside them."""
        terms = part.as_ordered_terms()
        functions = all(term.has(self._sympy.core.function.Application) for term in terms)
        terms.sort(
            key=lambda term: (
                self._is_subtracted(term),
                not term.has(self._sympy.Sum),
                term.count_ops() if functions else 0,
            )
        )
        total = self._read(terms[0])
        for term in terms[1:]:
            total = total + self._read(term)
        return total

    def _is_subtracted(self, term: _Basic) -> bool:
        number = term.as_coeff_Mul()[0]
        return bool(number.is_Rational and number < 0)

    def _product(self, part: _Basic) -> _Value:
        """Numbers and sizes in front, then the rest as SymPy prints it."""
        number, rest = part.as_coeff_Mul()
        if number.is_Float:
            raise InputError(_rounded(number))
        if not number.is_Rational:
            raise _unsupported(part, self._sympy)
        factors = list(self._sympy.Mul.make_args(rest))
        factors = rest.as_ordered_factors() if len(factors) > 1 else factors
        factors.sort(key=self._kind)  # stable
        made = self._read(factors[0])
        for factor in factors[1:]:
            made = made * self._read(factor)
        if number == 1:
            return made
        return -made if number == -1 else Fraction(int(number.p), int(number.q)) * made

    def _kind(self, factor: _Basic) -> int:
        """Where a factor stands: sizes, scalars, components, functions, sums."""
        base = factor.base if isinstance(factor, self._sympy.Pow) else factor
        if isinstance(base, self._sympy.Sum):
            return 4
        if isinstance(base, self._sympy.core.function.Application):
            return 3
        if not isinstance(base, self._sympy.Symbol):
            return 2
        return 0 if self._given.name_of(base) in self._sizes else 1

    def _power(self, part: _Basic) -> _Value:
        base, exponent = part.base, part.exp
        if base is self._sympy.E:
            return language.exp(self._read(exponent))
        if isinstance(exponent, self._sympy.Float):
            raise InputError(f"in {part}: {_rounded(exponent)}")
        if isinstance(exponent, self._sympy.Rational):
            value = Fraction(int(exponent.p), int(exponent.q))
            inner = self._read(base)
            if abs(value) == Fraction(1, 2):
                root = language.sqrt(inner)
                return root if value > 0 else 1 / root
            if not isinstance(inner, Expression):
                if value.denominator == 1:
                    return Fraction(inner) ** int(value)
                raise Unsupported(f"{part}: a root of a number; write it as a hyperparameter")
            return inner ** (int(value) if value.denominator == 1 else value)
        if isinstance(base, self._sympy.Rational) and base > 0:
            return language.exp(self._read(exponent) * language.ln(self._read(base)))
        raise Unsupported(
            f"{part}: an exponent that is not a rational number; if {base} is positive, write "
            f"exp({exponent}*log({base}))"
        )

    # Functions ------------------------------------------------------------------------------------

    def _function(self, part: _Basic) -> _Value:
        sympy = self._sympy
        if isinstance(part, sympy.core.function.AppliedUndef):
            return self._undefined(part)
        if isinstance(part, (sympy.Max, sympy.Min)):
            return self._extreme(part)
        if isinstance(part, sympy.Heaviside):
            at_zero = part.args[1]
            if not at_zero.is_Rational:
                raise InputError(f"{part}: its value at 0 is no rational number")
            value = Fraction(int(at_zero.p), int(at_zero.q))
            self._heaviside.setdefault(value, part)
            return language.greater(self._read(part.args[0]))
        if isinstance(part, sympy.polygamma) and part.args[0] == 0:
            return language.digamma(self._read(part.args[1]))
        known = _known_functions(sympy).get(type(part))
        if known is None:
            raise _unsupported(part, sympy)
        return known(*map(self._read, part.args))

    def _undefined(self, part: _Basic) -> Expression:
        for argument in part.args:
            if argument in self._ranges:
                raise InputError(
                    f"{part}: {argument} is an index, and a function has no indices; write "
                    f"IndexedBase({part.func.__name__!r})[{argument}]"
                )
        arguments = [self._read(argument) for argument in part.args]
        name = quantity_name(part.func.__name__)
        if name in FUNCTIONS:
            if len(arguments) != FUNCTIONS[name].arity:
                raise InputError(f"{part}: {name} takes {FUNCTIONS[name].arity} arguments")
            author = {"abs": "absolute", "max": "maximum", "min": "minimum"}.get(name, name)
            made: Expression = getattr(language, author)(*arguments)
            return made
        handle = self._functions.get(name)
        if handle is None:
            handle = language.function(
                name, arguments=len(arguments), meaning=self._given.meanings.get(name, "")
            )
            self._functions[name] = handle
        return handle(*arguments)

    def _extreme(self, part: _Basic) -> _Value:
        """``Max`` and ``Min`` of several; numbers first, as on a page."""
        two = language.maximum if isinstance(part, self._sympy.Max) else language.minimum
        ordered = sorted(part.args, key=lambda each: (not each.is_number, each.sort_key()))
        made = self._read(ordered[-1])
        for argument in reversed(ordered[:-1]):
            made = two(self._read(argument), made)
        return made

    def _piecewise(self, part: _Basic) -> _Value:
        """Indicators times the branches; from the last branch, which holds elsewhere, to the
        first."""
        *branches, (last, always) = part.args
        if always != True:  # noqa: E712 - SymPy's own true is no bool
            raise Unsupported(f"{part}: no branch is for everything else; end with (…, True)")
        made = self._read(last)
        for value, condition in reversed(branches):
            made = selected(self._indicator(condition, part), self._read(value), made)
        return made

    def _indicator(self, condition: _Basic, part: _Basic) -> Expression:
        sympy = self._sympy
        match condition:
            case sympy.StrictGreaterThan(args=(left, right)):
                return language.greater(self._read(left), self._read(right))
            case sympy.StrictLessThan(args=(left, right)):
                return language.greater(self._read(right), self._read(left))
            case sympy.GreaterThan(args=(left, right)):
                return 1 - language.greater(self._read(right), self._read(left))
            case sympy.LessThan(args=(left, right)):
                return 1 - language.greater(self._read(left), self._read(right))
            case sympy.And(args=conditions):
                made = self._indicator(conditions[0], part)
                for each in conditions[1:]:
                    made = made * self._indicator(each, part)
                return made
            case sympy.Or(args=conditions):
                made = 1 - self._indicator(conditions[0], part)
                for each in conditions[1:]:
                    made = made * (1 - self._indicator(each, part))
                return 1 - made
            case sympy.Not(args=(inner,)):
                return 1 - self._indicator(inner, part)
            case _:
                raise Unsupported(
                    f"{part}: the condition {condition}; conditions are inequalities, and And, Or "
                    "and Not of them"
                )


def _known_functions(sympy: Any) -> dict[Any, Callable[..., Expression]]:
    return {
        sympy.exp: language.exp,
        sympy.log: language.ln,
        sympy.sin: language.sin,
        sympy.cos: language.cos,
        sympy.tan: language.tan,
        sympy.sinh: language.sinh,
        sympy.cosh: language.cosh,
        sympy.tanh: language.tanh,
        sympy.atan: language.arctan,
        sympy.erf: language.erf,
        sympy.gamma: language.gamma,
        sympy.loggamma: language.log_gamma,
        sympy.Abs: language.absolute,
        sympy.sign: language.sign,
    }


def _rounded(number: _Basic) -> str:
    exact = Fraction(str(number)) if number.is_finite else None
    if exact is None:
        return f"{number} is not a number that can stand in a formula"
    written = f"Rational({exact.numerator}, {exact.denominator})"
    return f"{number} is a rounded number; write an exact one, such as {written}"


#: What would help where a kind of expression has no derivation here.
_HELP = {
    "Product": "write the product as exp(Sum(log(…))), or its factors",
    "Integral": "an integral has no derivation here; use a function that stands for its value",
    "Derivative": "differentiate first (doit), or name the derivative as data",
    "KroneckerDelta": "give the matrix of its values as data",
    "Tuple": "give one expression",
    "Order": "remove the error term (removeO)",
    "ImaginaryUnit": "only real costs have a gradient here",
    "Infinity": "an infinite value cannot be differentiated",
    "MatrixElement": "use an IndexedBase instead of a MatrixSymbol",
}


def _unsupported(part: _Basic, sympy: Any) -> Unsupported:
    kind = type(part).__name__
    if isinstance(part, (sympy.MatrixExpr, sympy.MatrixBase)):
        kind = "MatrixElement"
    help_ = _HELP.get(kind)
    if help_ is None and isinstance(part, sympy.Function):
        help_ = (
            f"there is no function {kind} here; write it by known ones (rewrite), or as "
            f'Function("g") for any smooth function'
        )
    return Unsupported(f"{part}: {help_ or f'{kind} has no counterpart here'}")
