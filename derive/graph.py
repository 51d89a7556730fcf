"""The computation graph of a derivation as data, and a layered placement of it.

A node stands for each quantity and an edge for each direct dependency. What is printed beside them
was proved before: local derivatives, and the derivatives at a node, are the lemmas of the
derivation, and a factor on an edge is read off the definition in which it stands. Nothing is
derived here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import hypot
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
    "beside",
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
    along one side of its label, not through its middle. ``leads`` is what belongs to the spine of
    the picture, stages and the edges between them: it stays straight, and inputs make room.
    """

    rank: int
    before: float
    after: float
    along: float = 0.0
    leads: bool = False
    at: float = 0.0
    above: list[_Item] = field(default_factory=list)
    below: list[_Item] = field(default_factory=list)


#: The room between neighbours, between ranks, around the picture, and the half of an edge's way.
_NEIGHBOUR_GAP = 16.0
_RANK_GAP = 30.0
_MARGIN = 12.0
_HALF_WAY = 9.0
_SWEEPS = 12

#: How far an edge runs straight out of a node and into one, where its heads stand.
_STUB = 9.0

#: More room between two ranks for each point that an edge moves sideways, and the most of it: an
#: edge that is nearly flat is hard to follow.
_SLANT, _MOST_SLANT = 0.2, 34.0

#: How far apart edges stand at the border of a node.
_PORT_STEP = 26.0

#: How much more the spine counts than an input, where both want the same place.
_SPINE = 1000.0


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


def _placed(
    drawn: Graph,
    nodes: Mapping[str, Extent],
    labels: Mapping[int, Extent],
    direction: Direction,
) -> Placement:
    down = direction == "down"
    skeleton = _skeleton(drawn, nodes, labels, down=down)
    ranks = _ordered(skeleton.ranks)
    _align(ranks)
    everything = [item for rank in ranks for item in rank]
    shift = _MARGIN - min(item.at - item.before for item in everything)
    for item in everything:
        item.at += shift
    across = max(item.at + item.after for item in everything) + _MARGIN
    ports = _ports(skeleton.ways)
    sheet = _sheet(ranks, skeleton.ways, ports, down=down)
    along = sheet.end(len(ranks) - 1) + _MARGIN
    placed = {name: sheet.box(item, -item.before, item.after) for name, item in skeleton.nodes()}
    routes = tuple(
        Route(edge, sheet.route(way, port), sheet.label(way[1]) if number in labels else None)
        for number, (edge, way, port) in enumerate(
            zip(drawn.edges, skeleton.ways, ports, strict=True)
        )
    )
    width, height = (across, along) if down else (along, across)
    return Placement(round(width, 2), round(height, 2), direction, placed, routes)


@dataclass(frozen=True)
class _Skeleton:
    """What is to be placed: the items of the nodes, of each rank, and of the way of each edge."""

    items: Mapping[str, _Item]
    ranks: list[list[_Item]]
    ways: list[list[_Item]]

    def nodes(self) -> Iterable[tuple[str, _Item]]:
        """The item of each node by its name."""
        return self.items.items()


def _skeleton(
    drawn: Graph, nodes: Mapping[str, Extent], labels: Mapping[int, Extent], *, down: bool
) -> _Skeleton:
    layer = layers(drawn)
    ranks: list[list[_Item]] = [[] for _ in range(2 * max(layer.values(), default=0) + 1)]
    items: dict[str, _Item] = {}
    for node in drawn.nodes:
        size = nodes[node.name]
        across, along = (size.width, size.height) if down else (size.height, size.width)
        leads = node.body is not None
        item = _Item(2 * layer[node.name], across / 2, across / 2, along, leads)
        items[node.name] = item
        ranks[item.rank].append(item)
    ranks = [_stages_inside(rank) for rank in ranks]
    ways = []
    for number, edge in enumerate(drawn.edges):
        way = _way(items[edge.source], items[edge.target], labels.get(number), down=down)
        for item in way[1:-1]:
            ranks[item.rank].append(item)
        for upper, lower in pairwise(way):
            upper.below.append(lower)
            lower.above.append(upper)
        ways.append(way)
    return _Skeleton(items, ranks, ways)


def _stages_inside(rank: list[_Item]) -> list[_Item]:
    """The stages of a rank in its middle, the inputs on both sides of them."""
    stages = [item for item in rank if item.leads]
    inputs = [item for item in rank if not item.leads]
    half = len(inputs) // 2
    return [*inputs[:half], *stages, *inputs[half:]]


def _way(source: _Item, target: _Item, label: Extent | None, *, down: bool) -> list[_Item]:
    """The items of an edge from its source to its target; its label stands in the first rank."""
    way = [source]
    for rank in range(source.rank + 1, target.rank):
        passing = _Item(rank, _HALF_WAY, _HALF_WAY, leads=source.leads)
        if label is not None and len(way) == 1:
            if down:
                passing.after, passing.along = _HALF_WAY + label.width, label.height
            else:
                passing.before, passing.along = _HALF_WAY + label.height, label.width
        way.append(passing)
    return [*way, target]


@dataclass(frozen=True)
class _Sheet:
    """The page: where each rank starts along the flow, and how deep it is."""

    start: Sequence[float]
    depth: Sequence[float]
    down: bool

    def end(self, rank: int) -> float:
        """Where a rank ends along the flow."""
        return self.start[rank] + self.depth[rank]

    def point(self, at: float, flow: float) -> tuple[float, float]:
        """A point by its places across and along the flow."""
        return (round(at, 2), round(flow, 2)) if self.down else (round(flow, 2), round(at, 2))

    def box(self, item: _Item, low: float, high: float) -> Placed:
        """The rectangle in the middle of the item's rank from ``low`` to ``high`` beside it."""
        flow = self.start[item.rank] + (self.depth[item.rank] - item.along) / 2
        x, y = self.point(item.at + low, flow)
        width, height = (high - low, item.along) if self.down else (item.along, high - low)
        return Placed(x, y, round(width, 2), round(height, 2))

    def label(self, item: _Item) -> Placed:
        """The rectangle of the label of an edge that passes there: right of it, or above it."""
        if self.down:
            return self.box(item, _HALF_WAY, item.after)
        return self.box(item, -item.before, -_HALF_WAY)

    def route(
        self, way: Sequence[_Item], port: tuple[float, float]
    ) -> tuple[tuple[float, float], ...]:
        """The corners of an edge: straight out of its source, straight past what stands in the
        ranks between, and straight into its target."""
        source, target = way[0], way[-1]
        leaves = self.start[source.rank] + (self.depth[source.rank] + source.along) / 2
        arrives = self.start[target.rank] + (self.depth[target.rank] - target.along) / 2
        corners = [(port[0], leaves), (port[0], self.end(source.rank) + _STUB)]
        for item in way[1:-1]:
            corners += [(item.at, self.start[item.rank]), (item.at, self.end(item.rank))]
        corners += [(port[1], self.start[target.rank] - _STUB), (port[1], arrives)]
        return _straightened([self.point(*corner) for corner in corners])


def _sheet(
    ranks: Sequence[Sequence[_Item]],
    ways: Sequence[Sequence[_Item]],
    ports: Sequence[tuple[float, float]],
    *,
    down: bool,
) -> _Sheet:
    depth = [max((item.along for item in rank), default=0.0) for rank in ranks]
    sideways = [0.0] * len(ranks)  # the farthest that an edge moves below each rank
    for way, port in zip(ways, ports, strict=True):
        at = [port[0], *(item.at for item in way[1:-1]), port[1]]
        for item, (before, after) in zip(way[:-1], pairwise(at), strict=True):
            sideways[item.rank] = max(sideways[item.rank], abs(after - before))
    start = [_MARGIN]
    for room, moved in zip(depth[:-1], sideways[:-1], strict=True):
        start.append(start[-1] + room + _RANK_GAP + min(_SLANT * moved, _MOST_SLANT))
    return _Sheet(start, depth, down)


def _straightened(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """The corners without those at which nothing turns.

    >>> _straightened([(0, 0), (0, 1), (0, 1), (0, 3), (2, 3)])
    ((0, 0), (0, 3), (2, 3))
    """
    kept: list[tuple[float, float]] = []
    for x, y in points:
        if kept and kept[-1] == (x, y):
            continue
        if len(kept) > 1:
            (x0, y0), (x1, y1) = kept[-2:]
            if abs((x1 - x0) * (y - y1) - (y1 - y0) * (x - x1)) < 1e-6:
                kept.pop()
        kept.append((x, y))
    return tuple(kept)


def beside(points: Sequence[tuple[float, float]], offset: float) -> tuple[tuple[float, float], ...]:
    """The way that keeps ``offset`` from another one everywhere, however that one slants.

    Args:
        points: at least two corners, each different from the one before.
        offset: in points; with a positive one the way lies to the right of one that goes down,
            and above one that goes right.

    >>> beside([(0.0, 0.0), (0.0, 10.0), (10.0, 10.0)], 2)
    ((2.0, 0.0), (2.0, 8.0), (10.0, 8.0))
    """
    normals = []
    for (x0, y0), (x1, y1) in pairwise(points):
        length = hypot(x1 - x0, y1 - y0)
        normals.append(((y1 - y0) / length, (x0 - x1) / length))
    moved = []
    ends = pairwise([normals[0], *normals, normals[-1]])
    for (x, y), ((a0, b0), (a1, b1)) in zip(points, ends, strict=True):
        # The corner of two parallels stands on the line that halves the angle; where an edge
        # turns back sharply it would be far away.
        scale = offset / max(1 + a0 * a1 + b0 * b1, 0.3)
        moved.append((round(x + (a0 + a1) * scale, 2), round(y + (b0 + b1) * scale, 2)))
    return tuple(moved)


def _ordered(ranks: list[list[_Item]]) -> list[list[_Item]]:
    """Each rank in an order in which few edges cross: barycentre sweeps, the best one kept."""
    current = [list(rank) for rank in ranks]
    for upper, lower in pairwise(current):
        if all(item.above for item in lower):  # ways alone, in the order of their sources
            spot = {id(item): number for number, item in enumerate(upper)}
            lower.sort(key=lambda item, spot=spot: spot[id(item.above[0])])  # type: ignore[misc]
    best = [list(rank) for rank in current]
    fewest = _crossings(best)
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
                near = [other for other in near if other.leads] or near
                wanted.append(sum(other.at for other in near) / len(near))
            _apart(rank, wanted)


def _apart(rank: Sequence[_Item], wanted: Sequence[float]) -> None:
    """The places nearest to the wanted ones (weighted least squares) at which neighbours keep
    apart: pools of neighbours that would collide move together."""
    offsets = [0.0]
    for left, right in pairwise(rank):
        offsets.append(offsets[-1] + left.after + _NEIGHBOUR_GAP + right.before)
    pools: list[tuple[float, float, int]] = []  # the weighted sum, the weight, how many
    for item, want, offset in zip(rank, wanted, offsets, strict=False):
        weight = _SPINE if item.leads else 1.0
        total, size = weight * (want - offset), 1
        while pools and pools[-1][0] / pools[-1][1] > total / weight:
            before, heavy, count = pools.pop()
            total, weight, size = total + before, weight + heavy, size + count
        pools.append((total, weight, size))
    number = 0
    for total, weight, size in pools:
        for _ in range(size):
            rank[number].at = total / weight + offsets[number]
            number += 1


def _ports(ways: Sequence[Sequence[_Item]]) -> list[tuple[float, float]]:
    """Where each edge leaves its source and enters its target: side by side along the border, in
    the order in which the edges come, one of the spine in the middle."""
    ports = [[way[0].at, way[-1].at] for way in ways]
    for end, near in ((0, 1), (-1, -2)):
        groups: dict[int, list[int]] = {}
        for number, way in enumerate(ways):
            groups.setdefault(id(way[end]), []).append(number)
        for group in groups.values():
            node = ways[group[0]][end]
            group.sort(key=lambda number: ways[number][near].at)
            spine = [n for n, number in enumerate(group) if ways[number][0].leads]
            middle = spine[0] if len(spine) == 1 else (len(group) - 1) / 2
            reach = max(middle, len(group) - 1 - middle)
            step = min(_PORT_STEP, 0.8 * node.before / reach) if reach else 0.0
            for n, number in enumerate(group):
                ports[number][end] = node.at + (n - middle) * step
    return [(first, last) for first, last in ports]
