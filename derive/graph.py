"""The computation graph of a derivation as data, and a layered placement of it.

A node stands for each quantity and an edge for each direct dependency. What is printed beside them
was proved before: local derivatives, and the derivatives at a node, are the lemmas of the
derivation, and a factor on an edge is read off the definition in which it stands. Nothing is
derived here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, TypeAlias

from derive.dependency import Scope, stamped_body
from derive.gradients import Derivation
from derive.model import Definition, Problem, Role, is_coefficient
from derive.provenance import mean_factor
from derive.terms import (
    Derivative,
    Number,
    Origin,
    Ref,
    Size,
    Sum,
    Term,
    factors_of,
    key,
    multiply,
    references,
    terms_of,
    walk,
)

__all__ = [
    "Claim",
    "Direction",
    "Edge",
    "Extent",
    "Graph",
    "Node",
    "Placed",
    "Placement",
    "Route",
    "graph",
    "layers",
    "place",
]

#: Where values flow to on the page.
Direction: TypeAlias = Literal["down", "right"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A derivative and its value, as a lemma of the derivation has them."""

    left: Derivative
    value: Term


@dataclass(frozen=True, slots=True)
class Node:
    """A quantity.

    Attributes:
        name, role: as in the problem.
        ref: the quantity at its own indices.
        body: what a stage is defined as; ``None`` for data and parameters.
        claims: the proved derivatives by this quantity that are no local ones: ``∂L_i/∂z_i`` of a
            stage and ``∂J/∂w_j`` of a parameter.
        is_cost: whether it is what is differentiated.
    """

    name: str
    role: Role
    ref: Ref
    body: Term | None = None
    claims: tuple[Claim, ...] = ()
    is_cost: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """``target`` depends directly on ``source``.

    Attributes:
        source, target: names of nodes.
        is_backward: whether it lies on a path from what is differentiated by to the cost.
        claim: the local derivative, if a lemma proves it.
        factor: the factor of the mean in front of ``source``, where ``target`` is the cost.
    """

    source: str
    target: str
    is_backward: bool = False
    claim: Claim | None = None
    factor: Term | None = None


@dataclass(frozen=True)
class Graph:
    """The computation graph of a derivation.

    Attributes:
        problem: what it is of.
        nodes: in order of first use; the cost is the last.
        edges: in order of their targets' definitions, then of first use there.
        track: the origin of the factor that is followed.
    """

    problem: Problem
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    track: Origin | None = None

    def node(self, name: str) -> Node:
        """The node of that name."""
        return next(node for node in self.nodes if node.name == name)


def graph(derivation: Derivation) -> Graph:
    """The computation graph of a derivation.

    >>> from derive.gradients import gradient
    >>> drawn = graph(gradient("logistic_regression", wrt="w", check="none"))
    >>> [node.name for node in drawn.nodes]
    ['w', 'x', 'b', 'z', 'a', 'y', 'L', 'J']
    >>> for edge in drawn.edges:
    ...     if edge.claim is not None:
    ...         print(f"{edge.source} → {edge.target}: {edge.claim.left} = {edge.claim.value}")
    w → z: ∂z_i/∂w_j = x_ij
    z → a: ∂a_i/∂z_i = a_i (1 − a_i)
    a → L: ∂L_i/∂a_i = −y_i/a_i + (1 − y_i)/(1 − a_i)
    >>> print(drawn.edges[-1].factor)
    1/m
    """
    problem = derivation.problem
    scope = Scope(problem)
    track = mean_factor(problem)
    # What the cost is not made of is no part of its picture.
    names = _parts_of(problem, problem.cost)
    reached = [quantity for quantity in problem.quantities if quantity.name in names]
    edges: list[Edge] = []
    local: set[object] = set()
    for definition in problem.definitions:
        if definition.name not in names:
            continue
        for source in dict.fromkeys(ref.name for ref in references(definition.body)):
            claim = _local_claim(derivation, scope, source, definition.name)
            if claim is not None:
                local.add(key(claim.left))
            backward = not definition.constant and (
                source in derivation.wrt
                or any(scope.pattern(source, name) is not None for name in derivation.wrt)
            )
            factor = _factor(problem, definition, source, track)
            edges.append(Edge(source, definition.name, backward, claim, factor))
    nodes = []
    for quantity in reached:
        found = problem.definition(quantity.name)
        claims = tuple(
            claim for claim in _claims_by(derivation, quantity.name) if key(claim.left) not in local
        )
        is_cost = quantity.name == problem.cost.name
        body = None if found is None else stamped_body(found)
        nodes.append(Node(quantity.name, quantity.role, quantity.ref, body, claims, is_cost))
    nodes.sort(key=lambda node: node.is_cost)  # stable: the cost goes last
    return Graph(problem, tuple(nodes), tuple(edges), track)


def _parts_of(problem: Problem, definition: Definition) -> set[str]:
    """The names of everything that a definition is made of, and its own."""
    found: set[str] = set()
    left = [definition.name]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            used = problem.definition(name)
            if used is not None:
                left.extend(ref.name for ref in references(used.body))
    return found


def _local_claim(derivation: Derivation, scope: Scope, source: str, target: str) -> Claim | None:
    """The lemma about ``∂target/∂source``: a local derivative only where ``source`` has no second
    way into ``target``, and not the gradient itself, which stands at the parameter."""
    if target == derivation.problem.cost.name or scope.uses_indirectly(target, source):
        return None
    for lemma in derivation.lemmas:
        of = lemma.claim.of
        if isinstance(of, Ref) and of.name == target and lemma.claim.by.name == source:
            return Claim(lemma.claim, lemma.result)
    return None


def _claims_by(derivation: Derivation, name: str) -> list[Claim]:
    """The proved derivatives by the quantity ``name``, each once: those of lemmas, then those of
    the cost that the section about the two meanings proves."""
    lemmas = [*derivation.lemmas, *(meaning.of_cost for meaning in derivation.meanings)]
    found: dict[object, Claim] = {}
    for lemma in lemmas:
        if lemma.claim.by.name == name and isinstance(lemma.claim.of, Ref):
            found.setdefault(key(lemma.claim), Claim(lemma.claim, lemma.result))
    return list(found.values())


def _factor(
    problem: Problem, definition: Definition, source: str, track: Origin | None
) -> Term | None:
    """The coefficient in front of ``source`` in the cost, if the tracked factor is in it."""
    if track is None or definition.name != problem.cost.name:
        return None
    for term in terms_of(stamped_body(definition)):
        inner = _coefficients(term, problem)
        holds_track = any(
            isinstance(part, (Number, Size, Ref)) and track in part.origin for part in walk(inner)
        )
        if holds_track and any(ref.name == source for ref in references(term)):
            return inner
    return None


def _coefficients(term: Term, problem: Problem) -> Term:
    """What stands in front of a term, and in front of what its sums add."""
    found: list[Term] = []
    for factor in factors_of(term):
        if isinstance(factor, Sum):
            found.append(_coefficients(factor.body, problem))
        elif is_coefficient(factor, problem):
            found.append(factor)
    return multiply(*found)


# Layers ------------------------------------------------------------------------------------------


def layers(drawn: Graph) -> dict[str, int]:
    """The layer of each node: a stage stands below everything that it uses, an input one layer
    above its first use.

    >>> from derive.gradients import gradient
    >>> layers(graph(gradient("linear_regression", check="none")))
    {'w': 0, 'x': 0, 'b': 0, 'yhat': 1, 'y': 1, 'L': 2, 'J': 3}
    """
    found = {node.name: 0 for node in drawn.nodes}
    for edge in drawn.edges:  # in order of the definitions, and so of the layers
        found[edge.target] = max(found[edge.target], found[edge.source] + 1)
    for node in drawn.nodes:
        if node.body is None:
            users = [found[edge.target] for edge in drawn.edges if edge.source == node.name]
            if users:
                found[node.name] = min(users) - 1
    lowest = min(found.values(), default=0)
    return {name: layer - lowest for name, layer in found.items()}


@dataclass(frozen=True, slots=True)
class Extent:
    """A width and a height."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A rectangle on the page, by its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def center(self) -> tuple[float, float]:
        """The point in the middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def overlaps(self, other: Placed) -> bool:
        """Whether the two rectangles share a point inside.

        >>> Placed(0, 0, 2, 2).overlaps(Placed(1, 1, 2, 2))
        True
        >>> Placed(0, 0, 2, 2).overlaps(Placed(2, 0, 2, 2))
        False
        """
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


@dataclass(frozen=True, slots=True)
class Route:
    """The way of an edge, from node to node, and where its label stands, if it has one."""

    edge: Edge
    points: tuple[tuple[float, float], ...]
    label: Placed | None


@dataclass(frozen=True)
class Placement:
    """Where everything stands on a page that measures ``width`` by ``height``."""

    width: float
    height: float
    direction: Direction
    nodes: Mapping[str, Placed]
    routes: tuple[Route, ...]


@dataclass(eq=False)
class _Item:
    """What takes room in a rank: a node, a label, or the way of a long edge.

    ``before`` and ``after`` are the room on both sides of ``at``, across the flow: an edge runs
    along one side of its label, not through its middle.
    """

    rank: int
    before: float
    after: float
    along: float = 0.0
    at: float = 0.0
    above: list[_Item] = field(default_factory=list)
    below: list[_Item] = field(default_factory=list)


#: The room between neighbours, between ranks, around the picture, and the half of an edge's way.
_NEIGHBOUR_GAP = 16.0
_RANK_GAP = 28.0
_MARGIN = 12.0
_HALF_WAY = 9.0
_SWEEPS = 12


def place(
    drawn: Graph,
    nodes: Mapping[str, Extent],
    labels: Mapping[int, Extent],
    *,
    widest: float = 760.0,
) -> Placement:
    """Place the graph in layers; downwards, or to the right where that is too wide.

    Between two layers of nodes there is a rank for labels, and an edge over several layers has a
    place of its own in each: so nothing can overlap.

    Args:
        drawn: the graph.
        nodes: how large each node is.
        labels: how large the label of an edge is, by the place of the edge in the graph.
        widest: the width from which on the graph is turned.
    """
    down = _placed(drawn, nodes, labels, "down")
    if down.width <= widest:
        return down
    right = _placed(drawn, nodes, labels, "right")
    return right if right.width < down.width else down


def _placed(  # noqa: PLR0915  # one placement, read from top to bottom
    drawn: Graph,
    nodes: Mapping[str, Extent],
    labels: Mapping[int, Extent],
    direction: Direction,
) -> Placement:
    down = direction == "down"
    layer = layers(drawn)
    items: dict[str, _Item] = {}
    for node in drawn.nodes:
        size = nodes[node.name]
        across, along = (size.width, size.height) if down else (size.height, size.width)
        items[node.name] = _Item(2 * layer[node.name], across / 2, across / 2, along)
    ranks: list[list[_Item]] = [[] for _ in range(2 * max(layer.values(), default=0) + 1)]
    for item in items.values():
        ranks[item.rank].append(item)
    ways: list[list[_Item]] = []
    for number, edge in enumerate(drawn.edges):
        way = [items[edge.source]]
        first, last = items[edge.source].rank + 1, items[edge.target].rank
        for rank in range(first, last):
            passing = _Item(rank, _HALF_WAY, _HALF_WAY)
            if rank == first and number in labels:
                size = labels[number]
                if down:
                    passing.after, passing.along = _HALF_WAY + size.width, size.height
                else:
                    passing.before, passing.along = _HALF_WAY + size.height, size.width
            ranks[rank].append(passing)
            way.append(passing)
        way.append(items[edge.target])
        for upper, lower in pairwise(way):
            upper.below.append(lower)
            lower.above.append(upper)
        ways.append(way)
    ranks = _ordered(ranks)
    _align(ranks)
    start = [_MARGIN] * len(ranks)
    depth = [max((item.along for item in rank), default=0.0) for rank in ranks]
    for number in range(1, len(ranks)):
        start[number] = start[number - 1] + depth[number - 1] + _RANK_GAP
    everything = [item for rank in ranks for item in rank]
    shift = _MARGIN - min(item.at - item.before for item in everything)
    for item in everything:
        item.at += shift
    across = max(item.at + item.after for item in everything) + _MARGIN
    along = start[-1] + depth[-1] + _MARGIN

    def point(at: float, flow: float) -> tuple[float, float]:
        return (round(at, 2), round(flow, 2)) if down else (round(flow, 2), round(at, 2))

    def rectangle(item: _Item, low: float, high: float) -> Placed:
        flow = start[item.rank] + (depth[item.rank] - item.along) / 2
        x, y = point(low, flow)
        width, height = (high - low, item.along) if down else (item.along, high - low)
        return Placed(x, y, round(width, 2), round(height, 2))

    placed = {
        name: rectangle(item, item.at - item.before, item.at + item.after)
        for name, item in items.items()
    }
    ports = _ports(ways)
    routes = []
    for number, (edge, way) in enumerate(zip(drawn.edges, ways, strict=True)):
        source, target = way[0], way[-1]
        leaves = start[source.rank] + (depth[source.rank] + source.along) / 2
        arrives = start[target.rank] + (depth[target.rank] - target.along) / 2
        points = [point(ports[number][0], leaves)]
        if leaves < start[source.rank] + depth[source.rank]:
            # Straight past neighbours that are taller than the node itself.
            points.append(point(ports[number][0], start[source.rank] + depth[source.rank]))
        for item in way[1:-1]:
            points.append(point(item.at, start[item.rank]))
            if depth[item.rank]:
                points.append(point(item.at, start[item.rank] + depth[item.rank]))
        if arrives > start[target.rank]:
            points.append(point(ports[number][1], start[target.rank]))
        points.append(point(ports[number][1], arrives))
        label = None
        if number in labels:
            item = way[1]
            low, high = (
                (item.at + _HALF_WAY, item.at + item.after)
                if down
                else (item.at - item.before, item.at - _HALF_WAY)
            )
            label = rectangle(item, low, high)
        routes.append(Route(edge, tuple(points), label))
    width, height = (across, along) if down else (along, across)
    return Placement(round(width, 2), round(height, 2), direction, placed, tuple(routes))


def _ordered(ranks: list[list[_Item]]) -> list[list[_Item]]:
    """Each rank in an order in which few edges cross: barycentre sweeps, the best one kept."""
    best = [list(rank) for rank in ranks]
    fewest = _crossings(best)
    current = [list(rank) for rank in ranks]
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        upward = sweep % 2 == 1
        for rank in reversed(current) if upward else current:
            spot = {id(item): n for row in current for n, item in enumerate(row)}

            def weight(item: _Item, spot: dict[int, int] = spot, up: bool = upward) -> float:
                near = item.below if up else item.above
                if not near:
                    return float(spot[id(item)])
                return sum(spot[id(other)] for other in near) / len(near)

            rank.sort(key=weight)
        count = _crossings(current)
        if count < fewest:
            best, fewest = [list(rank) for rank in current], count
    return best


def _crossings(ranks: Sequence[Sequence[_Item]]) -> int:
    count = 0
    for upper, lower in pairwise(ranks):
        spot = {id(item): number for number, item in enumerate(lower)}
        ends = [sorted(spot[id(other)] for other in item.below) for item in upper]
        flat = [(n, end) for n, row in enumerate(ends) for end in row]
        count += sum(a < c and b > d for a, b in flat for c, d in flat)
    return count


def _align(ranks: Sequence[Sequence[_Item]]) -> None:
    """Give each item its place across: near its neighbours in the flow, in order, apart."""
    for rank in ranks:
        _apart(rank, [0.0] * len(rank))
    for sweep in range(2 * _SWEEPS):
        upward = sweep % 2 == 0
        for rank in reversed(ranks) if upward else ranks:
            wanted = []
            for item in rank:
                near = (item.below if upward else item.above) or [item]
                wanted.append(sum(other.at for other in near) / len(near))
            _apart(rank, wanted)


def _apart(rank: Sequence[_Item], wanted: Sequence[float]) -> None:
    """The places nearest to the wanted ones (least squares) at which neighbours keep apart: pools
    of neighbours that would collide move together."""
    offsets = [0.0]
    for left, right in pairwise(rank):
        offsets.append(offsets[-1] + left.after + _NEIGHBOUR_GAP + right.before)
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=False):
        total, size = want - offset, 1
        while pools and pools[-1][0] / pools[-1][1] > total / size:
            before, count = pools.pop()
            total, size = total + before, size + count
        pools.append((total, size))
    number = 0
    for total, size in pools:
        for _ in range(size):
            rank[number].at = total / size + offsets[number]
            number += 1


def _ports(ways: Sequence[Sequence[_Item]]) -> list[tuple[float, float]]:
    """Where each edge leaves its source and enters its target: side by side along the border, in
    the order in which the edges come."""
    ports = [[way[0].at, way[-1].at] for way in ways]
    for end, near in ((0, 1), (-1, -2)):
        groups: dict[int, list[int]] = {}
        for number, way in enumerate(ways):
            groups.setdefault(id(way[end]), []).append(number)
        for group in groups.values():
            node = ways[group[0]][end]
            room = 0.8 * (node.before + node.after) / len(group)
            step = min(room, 26.0)
            group.sort(key=lambda number: ways[number][near].at)
            for n, number in enumerate(group):
                ports[number][end] = node.at + (n - (len(group) - 1) / 2) * step
    return [(first, last) for first, last in ports]
