"""The computation graph as SVG, made without another program.

Values flow along the dark arrows, derivatives along the dashed coloured ones. The factor of the
mean is framed where it enters; colour is never the only sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from html import escape as escape_markup
from math import hypot

from derive.exporters.box_svg import Drawing, Frame, Rule, Text, draw, has_known_width, text_width
from derive.gradients import Derivation
from derive.graph import Claim, Edge, Extent, Graph, Node, Placed, beside, graph, place
from derive.notation import PLAIN, Look, Notation, layout, unmarked, width_in_em
from derive.notation.boxes import Box, Row, Symbol
from derive.notation.lines import broken
from derive.notation.text import write_text
from derive.terms import Term

__all__ = ["Label", "claim_box", "edge_lines", "export", "node_lines"]

#: The size of the letters of formulas at nodes and at edges.
_FONT = 15.0
_PAD = 8.0
_LINE_GAP = 5.0
#: A formula wider than this, in em, is broken before a sign.
_LONGEST_LINE = 24.0
_EQUALS = Symbol("= ", " = ", "sign")
#: The room between the arrow of the value and that of the derivative.
_OFFSET = 6.0
#: How round the corners of an arrow are.
_ROUND = 9.0

# On a page the picture takes the colour of the text around it, and with it follows a page that
# turns dark, whatever tells it to; the ground is that of the page. A file of its own (:root) has a
# ground of its own and follows the reader's choice. The colours before @supports are those of
# programs that can do neither. A page that wants others sets --derive-slope and --derive-track.
_STYLE = """\
.derive-graph{font-family:"STIX Two Text","Times New Roman","Liberation Serif",Times,serif}
.derive-graph .page{fill:#fff}
.derive-graph text,.derive-graph .rule{fill:#1b1b1f}
.derive-graph .node{fill:#f4f4f8;stroke:#5a5a66;stroke-width:1.2}
.derive-graph .input{fill:#fff}
.derive-graph .inner{fill:none}
.derive-graph .value,.derive-graph .slope{stroke-linejoin:round}
.derive-graph .value{fill:none;stroke:#5a5a66;stroke-width:1.3}
.derive-graph .head{fill:#5a5a66}
.derive-graph .slope{fill:none;stroke:#0b57d0;stroke-width:1.3;stroke-dasharray:5 3}
.derive-graph .slope-head{fill:#0b57d0}
.derive-graph .slope-text text,.derive-graph .slope-text .rule{fill:#0b57d0}
.derive-graph text.tracked,.derive-graph rect.tracked{fill:#b3261e}
.derive-graph rect.frame{fill:none;stroke:#b3261e;stroke-width:1.3}
@supports (color:oklch(from currentColor l c h)){
.derive-graph{--slope:var(--derive-slope,oklch(from currentColor clamp(.46,l,.8) .16 258 / 1));\
--track:var(--derive-track,oklch(from currentColor clamp(.45,l,.82) .15 27 / 1));\
--line:color-mix(in srgb,currentColor 70%,transparent)}
.derive-graph .page{fill:none}
.derive-graph text,.derive-graph .rule{fill:currentColor}
.derive-graph .node{fill:color-mix(in srgb,currentColor 6%,transparent);stroke:var(--line)}
.derive-graph .input,.derive-graph .inner{fill:none}
.derive-graph .value{stroke:var(--line)}
.derive-graph .head{fill:var(--line)}
.derive-graph .slope{stroke:var(--slope)}
.derive-graph .slope-head,.derive-graph .slope-text text{fill:var(--slope)}
.derive-graph .slope-text .rule{fill:var(--slope)}
.derive-graph text.tracked,.derive-graph rect.tracked{fill:var(--track)}
.derive-graph rect.frame{stroke:var(--track)}
.derive-graph:root{color:#1b1b1f}
.derive-graph:root .page{fill:#fff}
@media (prefers-color-scheme:dark){
.derive-graph:root{color:#ececf1}
.derive-graph:root .page{fill:#1b1b1f}
}
}"""

#: What no XML document may hold, however it is escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Label:
    """One line at a node or at an edge; ``backward`` if it is about a derivative."""

    box: Box
    backward: bool


def claim_box(claim: Claim, notation: Notation) -> Box:
    """A derivative and its value, as one formula."""
    return Row((layout(claim.left, notation), _EQUALS, layout(claim.value, notation)))


def _equation(left: Term, right: Term, notation: Notation, *, backward: bool) -> list[Label]:
    """``left = right`` in lines that are not too long; the sign begins none but the first."""
    head = Row((layout(left, notation), _EQUALS))
    room = _LONGEST_LINE - width_in_em(head)
    lines = broken(layout(right, notation), max(room, 8.0), width_in_em)
    return [
        Label(Row((head, line)) if not number else line, backward)
        for number, line in enumerate(lines)
    ]


def node_lines(node: Node, notation: Notation) -> list[Label]:
    """What stands in a node: its symbol or its definition, then its derivatives."""
    lines = (
        [Label(layout(node.ref, notation), backward=False)]
        if node.body is None
        else _equation(node.ref, node.body, notation, backward=False)
    )
    for claim in node.claims:
        lines.extend(_equation(claim.left, claim.value, notation, backward=True))
    return lines


def edge_lines(edge: Edge, notation: Notation) -> list[Label]:
    """What stands at an edge: the local derivative, and the factor of the mean."""
    lines: list[Label] = []
    if edge.claim is not None:
        lines.extend(_equation(edge.claim.left, edge.claim.value, notation, backward=True))
    if edge.factor is not None:
        box = layout(edge.factor, notation)
        lines.append(Label(box, backward=False))
    return lines


def description(drawn: Graph, notation: Notation) -> str:
    """The chain in words, for those who do not see the picture.

    >>> from derive.gradients import gradient
    >>> drawn = graph(gradient("linear_regression", wrt="b", check="none"))
    >>> print(description(drawn, Notation(drawn.problem))[:45])
    Values: ŷ_i from w_j, x_ij and b; L_i from ŷ_
    """

    def said(term: Term) -> str:
        return write_text(layout(term, notation), unmarked)

    values = []
    for node in drawn.nodes:
        used = [said(drawn.node(e.source).ref) for e in drawn.edges if e.target == node.name]
        if used:
            listed = " and ".join([", ".join(used[:-1]), used[-1]] if used[1:] else used)
            values.append(f"{said(node.ref)} from {listed}")
    claims = [edge.claim for edge in reversed(drawn.edges) if edge.claim is not None]
    claims += [claim for node in reversed(drawn.nodes) for claim in node.claims]
    sentences = [f"Values: {'; '.join(values)}."] if values else []
    if claims:
        proved = "; ".join(f"{said(claim.left)} = {said(claim.value)}" for claim in claims)
        sentences.append(f"Derivatives, backward: {proved}.")
    for edge in drawn.edges:
        if edge.factor is not None:
            source, target = drawn.node(edge.source).ref, drawn.node(edge.target).ref
            sentences.append(
                f"The factor {said(edge.factor)} enters from {said(source)} to {said(target)}."
            )
    return " ".join(sentences)


def export(derivation: Derivation, *, look: Look = PLAIN) -> str:
    """The computation graph of a derivation as an SVG document.

    Args:
        derivation: what is drawn.
        look: how formulas look.

    >>> from derive.gradients import gradient
    >>> export(gradient("linear_regression", wrt="w", check="none")).splitlines()[0][:4]
    '<svg'
    """
    drawn = graph(derivation)
    notation = look.notation(drawn.problem, track=drawn.track, longest_sum=6)
    node_texts = {node.name: _drawings(node_lines(node, notation)) for node in drawn.nodes}
    edge_texts = {n: _drawings(edge_lines(edge, notation)) for n, edge in enumerate(drawn.edges)}
    placed = place(
        drawn,
        {name: _extent(lines, _PAD) for name, lines in node_texts.items()},
        {number: _extent(lines, 2.0) for number, lines in edge_texts.items() if lines},
    )
    title = f"Computation graph: {drawn.problem.title}"
    words = description(drawn, notation)
    tag = sha256(f"{title}\n{words}".encode("utf-8", "replace")).hexdigest()[:10]
    width, height = placed.width, placed.height
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="derive-graph" role="img" '
            f'aria-labelledby="derive-title-{tag} derive-description-{tag}" '
            f'viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}" '
            'style="max-width:100%;height:auto">'
        ),
        f'<title id="derive-title-{tag}">{_escape(title)}</title>',
        f'<desc id="derive-description-{tag}">{_escape(words)}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{_n(width)}" height="{_n(height)}"/>',
    ]
    for route in placed.routes:
        both = route.edge.is_backward
        forward = beside(route.points, -_OFFSET / 2 if both else 0.0)
        lines.extend(_arrow(forward, "value", "head"))
        if both:
            back = beside(route.points, _OFFSET / 2)[::-1]
            lines.extend(_arrow(back, "slope", "slope-head"))
    for node in drawn.nodes:
        lines.extend(_node(node, placed.nodes[node.name]))
        lines.extend(_texts(node_texts[node.name], placed.nodes[node.name], centred=True))
    for number, route in enumerate(placed.routes):
        if route.label is not None:
            lines.extend(_texts(edge_texts[number], route.label, centred=False))
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def _drawings(lines: list[Label]) -> list[tuple[Drawing, bool]]:
    return [(draw(line.box), line.backward) for line in lines]


def _extent(lines: list[tuple[Drawing, bool]], pad: float) -> Extent:
    width = max((drawing.width for drawing, _ in lines), default=0.0) * _FONT
    height = sum(drawing.height for drawing, _ in lines) * _FONT
    return Extent(max(width, 20.0) + 2 * pad, height + _LINE_GAP * (len(lines) - 1) + 2 * pad)


def _node(node: Node, box: Placed) -> Iterator[str]:
    kind = "node" if node.body is not None else "node input"
    radius = 3 if node.body is not None else min(14.0, box.height / 2)
    where = f'x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}"'
    yield f'<rect class="{kind}" {where} rx="{_n(radius)}"/>'
    if node.is_cost:
        # A second line around the cost, where the derivatives start.
        yield (
            f'<rect class="node inner" x="{_n(box.x + 3)}" y="{_n(box.y + 3)}" '
            f'width="{_n(box.width - 6)}" height="{_n(box.height - 6)}" rx="2"/>'
        )


def _texts(lines: list[tuple[Drawing, bool]], box: Placed, *, centred: bool) -> Iterator[str]:
    height = sum(drawing.height for drawing, _ in lines) * _FONT + _LINE_GAP * (len(lines) - 1)
    y = box.y + (box.height - height) / 2
    for drawing, backward in lines:
        x = box.x + ((box.width - drawing.width * _FONT) / 2 if centred else 2.0)
        y += drawing.ascent * _FONT
        yield '<g class="slope-text">' if backward else "<g>"
        for number, part in enumerate(drawing.parts):
            tracked = number in drawing.tracked
            yield _part(part, x, y, tracked)
        yield "</g>"
        y += drawing.descent * _FONT + _LINE_GAP


def _part(part: Text | Rule | Frame, x: float, y: float, tracked: bool) -> str:
    at_x, at_y = x + part.x * _FONT, y + part.y * _FONT
    if isinstance(part, Text):
        style = ' font-style="italic"' if part.italic else ""
        kind = ' class="tracked"' if tracked else ""
        # The width is said where another font could make a word run into the next one.
        fixed = text_width(part.words, italic=part.italic) * part.size * _FONT
        length = (
            f' textLength="{_n(fixed)}" lengthAdjust="spacingAndGlyphs"'
            if len(part.words) > 1 or has_known_width(part.words)
            else ""
        )
        return (
            f'<text x="{_n(at_x)}" y="{_n(at_y)}" font-size="{_n(part.size * _FONT)}"'
            f"{style}{kind}{length}>{_escape(part.words)}</text>"
        )
    width = part.width * _FONT
    if isinstance(part, Rule):
        kind = "tracked" if tracked else "rule"
        return (
            f'<rect class="{kind}" x="{_n(at_x)}" y="{_n(at_y - 0.5)}" '
            f'width="{_n(width)}" height="1"/>'
        )
    return (
        f'<rect class="frame" x="{_n(at_x)}" y="{_n(at_y)}" width="{_n(width)}" '
        f'height="{_n(part.height * _FONT)}" rx="2"/>'
    )


def _arrow(points: tuple[tuple[float, float], ...], line: str, head: str) -> Iterator[str]:
    """A way with its head drawn as a triangle: a marker would need an id of its own."""
    (x0, y0), (x1, y1) = points[-2], points[-1]
    length = hypot(x1 - x0, y1 - y0) or 1.0
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    neck = (x1 - 6 * dx, y1 - 6 * dy)
    corners = (
        (x1, y1),
        (x1 - 7 * dx - 3 * dy, y1 - 7 * dy + 3 * dx),
        (x1 - 7 * dx + 3 * dy, y1 - 7 * dy - 3 * dx),
    )
    yield f'<path class="{line}" d="{_rounded((*points[:-1], neck))}"/>'
    yield (f'<polygon class="{head}" points="{" ".join(f"{_n(x)},{_n(y)}" for x, y in corners)}"/>')


def _rounded(points: tuple[tuple[float, float], ...]) -> str:
    """A way as the data of a path, its corners rounded as far as their sides are long.

    >>> _rounded(((0, 0), (0, 20), (40, 20)))
    'M0,0L0,11Q0,20 9,20L40,20'
    """
    way = "M" + _at(points[0])
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        way += f"L{_at(_towards(corner, before))}Q{_at(corner)} {_at(_towards(corner, after))}"
    return f"{way}L{_at(points[-1])}"


def _towards(corner: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Where the rounding of a corner ends on its side towards another one."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = hypot(dx, dy)
    share = min(_ROUND, length / 2) / length
    return corner[0] + share * dx, corner[1] + share * dy


def _at(point: tuple[float, float]) -> str:
    return f"{_n(point[0])},{_n(point[1])}"


def _n(value: float) -> str:
    """A number with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _escape(words: str) -> str:
    return escape_markup(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", words), quote=True)
