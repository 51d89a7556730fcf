"""Tables in LaTeX that fit the page.

Columns are as wide as their cells where there is room. Where there isn't, those with words give way
and are broken; what is too wide even then, TeX makes smaller. A long table is written in parts, so
that pages can end between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from docutils import nodes

from derive.sphinx.nodes import derive_formula, derive_table

__all__ = ["TABLE_MACROS", "latex_table"]

#: A table in the largest size in which it fits.
TABLE_MACROS = r"""\newsavebox\derivetablebox
\newenvironment{derivetable}{\begin{lrbox}{\derivetablebox}\small
  \renewcommand{\arraystretch}{1.3}}{\end{lrbox}%
  \par\nopagebreak\smallskip{\centering\ifdim\wd\derivetablebox>\linewidth
    \resizebox{\linewidth}{!}{\usebox\derivetablebox}\else\usebox\derivetablebox\fi\par}\smallskip}"""

#: The room for a table, in em of its small letters.
_ROOM = 43.0

#: The room between two columns, and how wide a letter is, in em.
_GAP = 1.3
_LETTER = 0.5

#: How many rows are kept together.
_ROWS = 18


def latex_table(table: derive_table, written: Callable[[Iterable[nodes.Node]], str]) -> str:
    """A table as LaTeX.

    Args:
        table: the table.
        written: writes the nodes of a cell.
    """
    heads = [_cells(row) for part in table.findall(nodes.thead) for row in part.findall(nodes.row)]
    rows = [_cells(row) for part in table.findall(nodes.tbody) for row in part.findall(nodes.row)]
    widths = _fitted([*heads, *rows])
    align = table["derive_align"]
    columns = "".join(
        letter if width is None else rf">{{\raggedright\arraybackslash}}p{{{width:.1f}em}}"
        for letter, width in zip(align, widths, strict=True)
    )

    def line(cells: list[list[nodes.Node]]) -> str:
        return " & ".join(map(written, cells)) + r"\\"

    head = [*map(line, heads), r"\hline"] if heads else []
    parts = []
    for some in _parts(rows):
        parts += [
            rf"\begin{{derivetable}}\begin{{tabular}}{{@{{}}{columns}@{{}}}}\hline",
            *head,
            *map(line, some),
            r"\hline\end{tabular}\end{derivetable}",
        ]
    return "\n".join(parts)


def _parts(rows: list[list[list[nodes.Node]]]) -> Iterable[list[list[list[nodes.Node]]]]:
    return (rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS))


def _cells(row: nodes.row) -> list[list[nodes.Node]]:
    """What stands in the cells of a row, without its paragraphs."""
    return [
        [node for paragraph in entry.children for node in paragraph.children]
        for entry in row.findall(nodes.entry)
    ]


def _fitted(rows: list[list[list[nodes.Node]]]) -> list[float | None]:
    """For each column its width if its cells must be broken, else ``None``."""
    columns = list(zip(*rows, strict=True))
    widths = [max(sum(map(_width, cell)) for cell in column) for column in columns]
    least = [max(_unbroken(cell) for cell in column) for column in columns]
    room = _ROOM - _GAP * (len(columns) - 1)
    if sum(widths) <= room:
        return [None] * len(widths)
    fitted: list[float | None] = [None] * len(widths)
    while sum(widths) > room:
        # The column with the most to give gives way.
        widest = max(range(len(widths)), key=lambda n: widths[n] - least[n])
        if widths[widest] - least[widest] < 0.5:
            break
        widths[widest] -= 0.5
        fitted[widest] = widths[widest]
    return fitted


def _width(node: nodes.Node) -> float:
    """About how wide something in a cell is, in em."""
    if isinstance(node, derive_formula):
        return float(node["width"])
    if isinstance(node, nodes.raw):  # a sign that is spelled for TeX
        return 1.5
    return _LETTER * len(node.astext())


def _unbroken(cell: list[nodes.Node]) -> float:
    """The widest piece of a cell that cannot be broken."""
    pieces = [0.0]
    for node in cell:
        if isinstance(node, nodes.Text):
            pieces += [_LETTER * len(word) for word in node.astext().split()]
        else:
            pieces.append(_width(node))
    return max(pieces)
