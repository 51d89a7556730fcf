r"""The computation graph as a TikZ picture, with explicit coordinates.

It needs tikz with its library arrows.meta, and amsmath. The picture is scaled down only where it
is wider than the line or taller than the page.
"""

from __future__ import annotations

from collections.abc import Iterator

from derive.exporters.box_svg import draw
from derive.exporters.graph_svg import Label, edge_lines, node_lines
from derive.exporters.latex import escape
from derive.gradients import Derivation
from derive.graph import Extent, Placed, beside, graph, place
from derive.notation import PLAIN, Look, width_in_em
from derive.notation.latex import Style, write_latex

__all__ = ["export"]

_FONT = 10.0
_PAD = 5.0
_LINE_GAP = 4.0
_OFFSET = 4.4

#: The least height of a line, in em.
_LINE = 1.2

_PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath,lmodern,tikz}
\usetikzlibrary{arrows.meta}
\pagestyle{empty}
\setlength{\parindent}{0pt}
\begin{document}"""

_MACROS = r"""\definecolor{derivetracked}{HTML}{B3261E}
\definecolor{derivebackward}{HTML}{0B57D0}
\providecommand{\derivetrack}[1]{{\setlength{\fboxsep}{1.4pt}\color{derivetracked}%
  \fcolorbox{derivetracked}{derivetracked!7}{$#1$}}}"""


def export(derivation: Derivation, *, look: Look = PLAIN, fragment: bool = True) -> str:
    r"""The computation graph of a derivation as TikZ.

    Args:
        derivation: what is drawn.
        look: how formulas look.
        fragment: leave the preamble out, for ``\input``; needs amsmath and tikz with arrows.meta.

    Raises:
        InputError: a symbol has no LaTeX.

    >>> from derive.gradients import gradient
    >>> text = export(gradient("linear_regression", wrt="w", check="none"))
    >>> text.splitlines()[1]
    '% needs \\usepackage{amsmath,tikz} and \\usetikzlibrary{arrows.meta}'
    """
    drawn = graph(derivation)
    notation = look.notation(drawn.problem, track=drawn.track, longest_sum=6)
    node_texts = {node.name: node_lines(node, notation) for node in drawn.nodes}
    edge_texts = {number: edge_lines(edge, notation) for number, edge in enumerate(drawn.edges)}
    placed = place(
        drawn,
        {name: _extent(lines, _PAD) for name, lines in node_texts.items()},
        {number: _extent(lines, 1.0) for number, lines in edge_texts.items() if lines},
        widest=520.0,
    )
    lines = [f"% Computation graph: {escape(drawn.problem.title)}".replace("\n", " ")]
    lines.append(r"% needs \usepackage{amsmath,tikz} and \usetikzlibrary{arrows.meta}")
    if not fragment:
        lines.append(_PREAMBLE)
    lines.append(r"\begingroup")
    lines.append(_MACROS)
    lines.append(r"\setbox0\hbox{%")
    # The page counts downwards, as in the placement.
    lines.append(
        r"\begin{tikzpicture}[x=1pt,y=-1pt,line width=.6pt,inner sep=0pt,outer sep=0pt,"
        r">={Latex[length=4.5pt,width=3.6pt]},"
        r"way/.style={rounded corners=4pt},slope/.style={draw=derivebackward,dashed}]"
    )
    for route in placed.routes:
        both = route.edge.is_backward
        forward = beside(route.points, -_OFFSET / 2 if both else 0.0)
        lines.append(rf"\draw[->,way] {_way(forward)};")
        if both:
            back = beside(route.points, _OFFSET / 2)[::-1]
            lines.append(rf"\draw[->,way,slope] {_way(back)};")
    for node in drawn.nodes:
        box = placed.nodes[node.name]
        style = "rounded corners=2pt,fill=black!4" if node.body is not None else ""
        style = style or f"rounded corners={_n(min(8.0, box.height / 2))}pt,fill=white"
        if node.is_cost:
            style += ",double,double distance=1.2pt"
        corner = (box.x + box.width, box.y + box.height)
        lines.append(rf"\draw[{style}] {_point(box.x, box.y)} rectangle {_point(*corner)};")
        lines.extend(_texts(node_texts[node.name], box, centred=True))
    for number, route in enumerate(placed.routes):
        if route.label is not None:
            lines.extend(_texts(edge_texts[number], route.label, centred=False))
    lines.append(r"\end{tikzpicture}}%")
    lines.append(r"\ifdim\wd0>\linewidth\setbox0\hbox{\resizebox{\linewidth}{!}{\box0}}\fi")
    lines.append(
        r"\ifdim\dimexpr\ht0+\dp0\relax>.92\textheight"
        r"\setbox0\hbox{\resizebox{!}{.92\textheight}{\box0}}\fi"
    )
    lines.append(r"\par\noindent\hbox to\linewidth{\hss\box0\hss}\par\endgroup")
    if not fragment:
        lines.append(r"\end{document}")
    return "\n".join(lines) + "\n"


def _height(line: Label) -> float:
    """About how high TeX sets a line in display style, in points."""
    return max(draw(line.box).height * 1.15, _LINE) * _FONT


def _extent(lines: list[Label], pad: float) -> Extent:
    width = max(max(width_in_em(line.box), draw(line.box).width) for line in lines) if lines else 0
    height = sum(_height(line) for line in lines) + _LINE_GAP * (len(lines) - 1)
    return Extent(max(width * _FONT, 12.0) + 2 * pad, height + 2 * pad)


def _texts(lines: list[Label], box: Placed, *, centred: bool) -> Iterator[str]:
    total = sum(_height(line) for line in lines) + _LINE_GAP * (len(lines) - 1)
    y = box.y + (box.height - total) / 2
    x = box.center[0] if centred else box.x + 1.0
    for line in lines:
        height = _height(line)
        options = [] if centred else ["anchor=west"]
        if line.backward:
            options.append("text=derivebackward")
        source = write_latex(line.box, Style.DISPLAY)
        at = _point(x, y + height / 2)
        yield rf"\node[{','.join(options)}] at {at} {{$\displaystyle {source}$}};"
        y += height + _LINE_GAP


def _way(points: tuple[tuple[float, float], ...]) -> str:
    return " -- ".join(_point(x, y) for x, y in points)


def _point(x: float, y: float) -> str:
    return f"({_n(x)},{_n(y)})"


def _n(value: float) -> str:
    """A number with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
