"""Chains of alike layers of any length, proved by induction from each layer to the one before it.

A network of ``L`` layers is no one cost but one for every ``L``. What holds in layer ``l`` of all
of them is proved in two derivations of the ordinary kind:

* the **base case**, the last layer ``L`` with the loss behind it;
* the **induction step**, layer ``l`` with the weighted sum of layer ``l + 1`` behind it, and
  everything that comes after as *any* smooth function of that sum.

Let ``F_l`` be the loss of an example as a function of the weighted sum ``z^{[l]}``. By the chain's
own definition ``F_l(z^{[l]}) = F_{l+1}(z^{[l+1]})``, where ``z^{[l+1]}`` is made of ``z^{[l]}``.
The induction step proves ``∂F_l`` from ``∂F_{l+1}`` without knowing anything of ``F_{l+1}`` but
that it is smooth, so it holds between any two layers of a chain of any length; the base case is
``F_L``. Both are made from one description of a layer, so they are about the same chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from derive.derivation import Prose, Step
from derive.errors import InputError
from derive.model import AbstractFunction, Definition, Problem, Quantity
from derive.notation.symbols import superscript_text
from derive.terms import (
    Apply,
    Delta,
    Derivative,
    Family,
    Index,
    IndexLike,
    Ref,
    Size,
    Sum,
    Term,
    map_children,
    references,
    walk,
)

__all__ = ["Formula", "Recursion", "instance"]


@dataclass(frozen=True)
class Recursion:
    """A chain of layers, each fed by the one before, described by its last layer and the loss.

    Attributes:
        layer: a problem with one layer: what comes in is data, what comes out is a stage on which
            the loss rests.
        incoming: the name of the data that comes in, ``a^{[l−1]}``.
        outgoing: the name of the stage that goes out, ``a^{[l]}``.
        error: the name of the stage whose derivative is passed from layer to layer, ``z^{[l]}``.
        index, last: the letters of a layer and of the last one, ``l`` and ``L``.
        shared: whether all layers have the same parameters, as the time steps of a recurrent
            network have.
        called: what one of them is called on a page, ``layer`` or ``step``.
    """

    layer: Problem
    incoming: str
    outgoing: str
    error: str
    index: str = "l"
    last: str = "L"
    shared: bool = False
    called: str = "layer"

    def __post_init__(self) -> None:
        problem = self.layer
        if problem.quantity(self.incoming).role != "data":
            raise InputError(f"what comes in is data; {self.incoming} is not")
        for name in (self.outgoing, self.error):
            if problem.definition(name) is None:
                raise InputError(f"{name} is not a stage, it has no definition")
        if self.error not in self._reached(self.outgoing):
            raise InputError(f"{self.outgoing} does not rest on {self.error}")
        if self.incoming not in self._reached(self.error):
            raise InputError(f"{self.error} does not rest on {self.incoming}")
        if self.incoming in self._reached(self.outgoing, without=self.error):
            raise InputError(
                f"{self.outgoing} rests on {self.incoming} past {self.error}: all that a "
                f"{self.called} hands on must go through {self.error}"
            )
        ends = (problem.quantity(self.incoming), problem.quantity(self.outgoing))
        if len(ends[0].indices) != len(ends[1].indices) or not ends[0].indices:
            raise InputError(f"{self.incoming} and {self.outgoing} have different shapes")
        if ends[0].indices[:-1] != ends[1].indices[:-1]:
            raise InputError(f"{self.incoming} and {self.outgoing} differ but for their last index")

    # What the layer is made of -------------------------------------------------------------------

    def _reached(self, name: str, without: str = "") -> frozenset[str]:
        """The names of all that a stage rests on, its own among them, other than through one that
        is left out."""
        found: set[str] = set()
        left = [name]
        while left:
            each = left.pop()
            if each in found or each == without:
                continue
            found.add(each)
            definition = self.layer.definition(each)
            if definition is not None:
                left.extend(ref.name for ref in references(definition.body))
        return frozenset(found)

    @property
    def inside(self) -> tuple[str, ...]:
        """The quantities of one layer, what comes in left out, in order."""
        reached = self._reached(self.outgoing) - {self.incoming}
        return tuple(each.name for each in self.layer.quantities if each.name in reached)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters of one layer, in order."""
        return tuple(n for n in self.inside if self.layer.quantity(n).role == "parameter")

    @property
    def units(self) -> tuple[Index, Index]:
        """The index of what comes in and of what goes out."""
        incoming, outgoing = map(self.layer.quantity, (self.incoming, self.outgoing))
        return incoming.indices[-1], outgoing.indices[-1]

    @property
    def widths_differ(self) -> bool:
        """Whether each layer may have a width of its own."""
        incoming, outgoing = self.units
        return incoming.size != outgoing.size

    def _functions(self, names: Iterable[str]) -> tuple[AbstractFunction, ...]:
        used = {
            part
            for name in names
            if (definition := self.layer.definition(name)) is not None
            for part in _applied(definition.body)
        }
        return tuple(each for each in self.layer.functions if each.name in used)

    def _entering(self, layer: str) -> Quantity:
        """What comes in, with the symbol of what goes out of the layer below."""
        out = self.layer.quantity(self.outgoing)
        return _marked(
            replace(
                self.layer.quantity(self.incoming),
                latex=out.latex,
                text=out.text,
                stack_latex=out.stack_latex,
                stack_text=out.stack_text,
            ),
            layer,
        )

    # The problems that it stands for -------------------------------------------------------------

    def base(self) -> Problem:
        """The last layer and the loss: the base case of the induction. Its names end in ``_last``,
        so that a page may hold them beside those of layer ``l``."""
        problem, own = self.layer, self.inside
        inner = self._functions(own)
        moved = _Renaming(
            {name: f"{name}_last" for name in (self.incoming, *own)},
            {each.name: f"{each.name}_last" for each in inner},
            {},
        )
        marked = (
            self._entering(f"{self.last}-1")
            if quantity.name == self.incoming
            else _marked(quantity, self.last)
            if quantity.name in own
            else quantity
            for quantity in problem.quantities
        )
        return replace(
            problem,
            quantities=tuple(map(moved.quantity, marked)),
            definitions=tuple(map(moved.definition, problem.definitions)),
            functions=tuple(
                replace(_marked_function(each, self.last), name=f"{each.name}_last")
                if each in inner
                else each
                for each in problem.functions
            ),
            default_wrt=tuple(f"{name}_last" for name in self.parameters),
            kept=(f"{self.error}_last",),
        )

    def step(self) -> Problem:
        """Layer ``l`` and the weighted sum of layer ``l + 1``, with any smooth function behind it:
        the step of the induction."""
        problem, own = self.layer, self.inside
        below, here = self.units
        ahead = self._ahead()
        needed = self._reached(self.error) - {self.incoming}
        names = {name: f"{name}_next" for name in needed}
        names[self.incoming] = self.outgoing
        moved = _Renaming(
            names,
            {each.name: f"{each.name}_next" for each in self._functions(needed)},
            {**self._letters(below, here), **self._letters(here, ahead)},
        )
        next_names = tuple(name for name in own if name in needed)
        behind = self._behind()
        error = Ref(names[self.error], tuple(map(moved.index, self._error_indices())))
        loss = self.losses()
        rest = Definition(
            loss.name,
            loss.indices,
            Apply(behind.name, (_families(error, loss.indices),)),
            loss.meaning,
        )
        cost = problem.cost
        definitions = (
            *(each for each in problem.definitions if each.name in own),
            *(moved.definition(each) for each in problem.definitions if each.name in next_names),
            *((rest, cost) if rest.name != cost.name else (rest,)),
        )
        used = {ref.name for each in definitions for ref in references(each.body)}
        outside = {rest.name, cost.name}
        quantities = (
            self._entering(f"{self.index}-1"),
            *(_marked(problem.quantity(name), self.index) for name in own),
            *(
                moved.quantity(_marked(problem.quantity(name), f"{self.index}+1"))
                for name in next_names
            ),
            *(
                quantity
                for quantity in problem.quantities
                if quantity.name in outside or (quantity.name in used - set(own) - {self.incoming})
            ),
        )
        functions = (
            *(_marked_function(each, self.index) for each in self._functions(own)),
            *(
                replace(_marked_function(each, f"{self.index}+1"), name=f"{each.name}_next")
                for each in self._functions(next_names)
            ),
            behind,
        )
        return replace(
            problem,
            indices=(*problem.indices, *self._more_letters(ahead)),
            quantities=tuple(dict.fromkeys(quantities)),
            definitions=definitions,
            functions=functions,
            facts=(),
            default_wrt=self.parameters,
            kept=(self.error, names[self.error]),
            default_sizes=(),
        )

    def unrolled(self, length: int) -> Problem:
        """The whole chain of so many layers, as an ordinary problem.

        Raises:
            InputError: it has no layer.
        """
        if isinstance(length, bool) or not isinstance(length, int) or length < 1:
            raise InputError(f"a chain has at least one layer, not {length!r}")
        problem, own = self.layer, self.inside
        indices: dict[Index, None] = {}
        quantities: dict[str, Quantity] = {}
        definitions: list[Definition] = []
        functions: list[AbstractFunction] = []
        for layer in range(1, length + 1):
            move = self._at_layer(layer)
            for name in (self.incoming, *own):
                marked = (
                    self._entering(str(layer - 1))
                    if name == self.incoming
                    else problem.quantity(name)
                    if self.shared and name in self.parameters
                    else _marked(problem.quantity(name), str(layer))
                )
                quantity = move.quantity(marked)
                quantities.setdefault(quantity.name, quantity)
            definitions += [move.definition(e) for e in problem.definitions if e.name in own]
            functions += [
                replace(_marked_function(each, str(layer)), name=move.functions[each.name])
                for each in self._functions(own)
            ]
            indices.update(dict.fromkeys(map(move.index, problem.indices)))
        end = self._at_layer(length)
        for quantity in problem.quantities:
            if quantity.name not in (*own, self.incoming):
                quantities[quantity.name] = end.quantity(quantity)
        definitions += [end.definition(e) for e in problem.definitions if e.name not in own]
        functions += [e for e in problem.functions if e not in self._functions(own)]
        return replace(
            problem,
            name=f"{problem.name}_{length}",
            indices=tuple(indices),
            quantities=tuple(quantities.values()),
            definitions=tuple(definitions),
            functions=tuple(functions),
            facts=tuple(
                replace(fact, left=end(fact.left), right=end(fact.right)) for fact in problem.facts
            ),
            default_wrt=(),
            default_sizes=(),
        )

    # Names and letters ---------------------------------------------------------------------------

    def losses(self) -> Definition:
        """The stage of the losses of the examples, on which the cost rests."""
        cost = self.layer.cost
        stages = [
            definition
            for ref in references(cost.body)
            if (definition := self.layer.definition(ref.name)) is not None
        ]
        if len(stages) != 1 or stages[0].name in self.inside:
            raise InputError(f"the cost {cost.head} is not a sum or a mean of one stage of losses")
        direct = {ref.name for ref in references(cost.body)} & {*self.inside, self.incoming}
        if direct:
            raise InputError(
                f"the cost {cost.head} uses {min(direct)} of a {self.called} directly: describe "
                "the chain without that, as a penalty adds its own derivative to each"
            )
        return stages[0]

    def _behind(self) -> AbstractFunction:
        taken = {*(q.name for q in self.layer.quantities), *(f.name for f in self.layer.functions)}
        name = next(f"rest{n}" for n in ("", *range(1, 100)) if f"rest{n}" not in taken)
        meaning = "all layers behind it and the loss, any smooth function"
        return AbstractFunction(name, 1, r"\mathcal{F}_i", "ℱᵢ", meaning)

    def _error_indices(self) -> tuple[Index, ...]:
        return self.layer.quantity(self.error).indices

    def _ahead(self) -> Index:
        """A letter for the units of layer ``l + 1``, with a size of its own if widths differ."""
        taken = {name for each in self.layer.indices for name in (each.name, each.size)}
        taken |= {quantity.name for quantity in self.layer.quantities}
        letter = next(each for each in "pqruvwhcdefgst" if each not in taken)
        size = next(each for each in "PQRUVDEFGHST" if each not in taken)
        return Index(letter, size if self.widths_differ else self.units[1].size)

    def _more_letters(self, ahead: Index) -> tuple[Index, ...]:
        return (ahead,) if ahead.size == self.units[1].size else (ahead, Index("o", ahead.size))

    def _letters(self, old: Index, new: Index) -> dict[Index, Index]:
        return {old: new} if self.widths_differ else {}

    def _at_layer(self, layer: int) -> _Renaming:
        """The names of one layer in a chain: ``W2``, ``a2``, and ``a1`` for what comes in."""
        own = self.inside
        names = {
            name: name if self.shared and name in self.parameters else f"{name}_{layer}"
            for name in own
        }
        names[self.incoming] = f"{self.outgoing}_{layer - 1}" if layer > 1 else self.incoming
        functions = {
            each.name: each.name if self.shared else f"{each.name}_{layer}"
            for each in self._functions(own)
        }
        return _Renaming(names, functions, self._sized(layer))

    def _sized(self, layer: int) -> dict[Index, Index]:
        """The letters with the widths of the layers below and of the layer itself."""
        if not self.widths_differ:
            return {}
        below, here = self.units
        number = {below.size: layer - 1, here.size: layer}
        return {
            each: Index(f"{each.name}{number[each.size]}", f"n_{number[each.size]}")
            for each in self.layer.indices
            if each.size in number
        }

    def instantiated(self, term: Term, layer: int) -> Term:
        """A formula about layer ``l``, as it reads in an unrolled chain.

        ``term`` is one of the induction step; a formula of the base case is read the same way, with
        the last layer for ``l``.
        """
        here, above = self._at_layer(layer), self._at_layer(layer + 1)
        names = _in_all_places(here.names, above.names)
        functions = _in_all_places(here.functions, above.functions)
        letters = dict(here.letters)
        if self.widths_differ:
            for each in self._more_letters(self._ahead()):
                letters[each] = Index(f"{each.name}{layer + 1}", f"n_{layer + 1}")
        return _Renaming(names, functions, letters)(term)


@dataclass(frozen=True)
class _Renaming:
    """Other names for quantities and functions, other letters for indices."""

    names: Mapping[str, str]
    functions: Mapping[str, str]
    letters: Mapping[Index, Index]

    def index(self, index: Index) -> Index:
        return self.letters.get(index, index)

    def _place(self, place: IndexLike) -> IndexLike:
        return self.index(place) if isinstance(place, Index) else place

    def __call__(self, term: Term) -> Term:
        inner = map_children(term, self)
        match inner:
            case Ref(name=name, indices=indices):
                return replace(
                    inner, name=self.names.get(name, name), indices=tuple(map(self._place, indices))
                )
            case Sum(index=index):
                return replace(inner, index=self.index(index))
            case Family(index=index):
                return replace(inner, index=self.index(index))
            case Apply(function=function):
                return replace(inner, function=self.functions.get(function, function))
            case Delta(left=left, right=right):
                return Delta(self._place(left), self._place(right))
            case Size(name=name):
                sizes = {old.size: new.size for old, new in self.letters.items()}
                return replace(inner, name=str(sizes.get(name, name)))
        return inner

    def definition(self, definition: Definition) -> Definition:
        return replace(
            definition,
            name=self.names.get(definition.name, definition.name),
            indices=tuple(map(self.index, definition.indices)),
            body=self(definition.body),
        )

    def quantity(self, quantity: Quantity) -> Quantity:
        return replace(
            quantity,
            name=self.names.get(quantity.name, quantity.name),
            indices=tuple(map(self.index, quantity.indices)),
        )


def _in_all_places(here: Mapping[str, str], above: Mapping[str, str]) -> dict[str, str]:
    """The names in a chain of what is called so in layer ``l``, in the last and in the next one."""
    return {
        **here,
        **{f"{old}_last": new for old, new in here.items()},
        **{f"{old}_next": new for old, new in above.items()},
    }


def _families(term: Term, outer: tuple[Index, ...]) -> Term:
    """All values of a quantity that belong to one example."""
    assert isinstance(term, Ref)
    body: Term = term
    for index in reversed(term.running):
        if index not in outer:
            body = Family(index, body)
    return body


def _applied(term: Term) -> Iterator[str]:
    for part in walk(term):
        if isinstance(part, Apply):
            yield part.function


def _marked(quantity: Quantity, layer: str) -> Quantity:
    """The quantity with its layer in brackets: ``W^{[l]}``."""
    mark = superscript_text(f"({layer})") or f"({layer})"
    latex = f"^{{[{layer}]}}"
    return replace(
        quantity,
        latex=quantity.latex + latex,
        text=quantity.text + mark,
        stack_latex=quantity.stack_latex + latex,
        stack_text=quantity.stack_text + mark,
    )


def _marked_function(function: AbstractFunction, layer: str) -> AbstractFunction:
    mark = superscript_text(f"({layer})") or f"({layer})"
    return replace(function, latex=f"{function.latex}^{{[{layer}]}}", text=function.text + mark)


@dataclass(frozen=True)
class Formula:
    """What holds in a layer: ``claim = result``, and where: in the last layer or in any before."""

    where: Literal["last", "before"]
    claim: Derivative
    result: Term


def instance(recursion: Recursion, formula: Formula, layer: int, length: int) -> Step | None:
    """What a formula says of one layer in a chain of so many, or ``None`` if it says nothing of it.

    Formulas about the layers before the last one hold up to the last but one.
    """
    if (layer == length) != (formula.where == "last"):
        return None
    left = recursion.instantiated(formula.claim, layer)
    right = recursion.instantiated(formula.result, layer)
    reason = Prose((f"layer {layer} of {length}",))
    return Step("recursion", reason, left, right)
