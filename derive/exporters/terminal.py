"""A terminal's colours, for Rich: the text of :mod:`derive.exporters.text`, as wide as the console.

Nothing is laid out here: the text exporter does that for the width at which the console prints,
and its lines are given their styles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from derive.derivation import Detail
from derive.document import PARTS, Document, LayoutChoice, build
from derive.exporters import text
from derive.gradients import Derivation
from derive.notation import PLAIN, Look, in_brackets

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.measure import Measurement

__all__ = ["Page", "renderable"]

#: Wider than this, a reason at the margin is too far from its formula.
_WIDEST = 120

_TITLE, _SECTION = "═", "─"

#: The number of a line, at the right edge.
_NUMBER = re.compile(r"(?<=\s\s)\(\d+\)$")


def renderable(
    derivation: Derivation,
    *,
    detail: Detail = "normal",
    layout: LayoutChoice = "both",
    look: Look = PLAIN,
    parts: Iterable[str] = PARTS,
) -> Page:
    """The derivation as something that Rich prints, alone or inside a panel, a table or a layout.

    The tracked factor is red and bold, and in brackets: those stay where there are no colours.

    Args:
        derivation: what is printed.
        detail: how much of it.
        layout: which matrix layouts are printed.
        look: how formulas look.
        parts: which parts of the document are printed, see :data:`derive.document.PARTS`.

    >>> from rich.console import Console
    >>> from derive.gradients import gradient
    >>> page = renderable(gradient("linear_regression", wrt="b", check="none"), parts=["result"])
    >>> Console(width=70).print(page)
    ╭────────────────────────────────────────────────────────────────────╮
    │ Linear regression: the gradient of the halved mean squared error   │
    ╰────────────────────────────────────────────────────────────────────╯
    <BLANKLINE>
    The factor ½ is there to meet the 2 that the square brings down.
    <BLANKLINE>
    Result. For every number m of examples and every n,
    <BLANKLINE>
      ∂J/∂b = ⟦1/m⟧ Σᵢ₌₁ᵐ (ŷ_i − y_i)
    """
    return Page(build(derivation, detail=detail, layout=layout, parts=parts), look)


@dataclass(frozen=True)
class Page:
    """A document that Rich prints, at whatever width it is given."""

    document: Document
    look: Look = PLAIN

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        width = min(options.max_width, _WIDEST)
        page = text.write(self.document, width=width, mark=_red, look=self.look)
        yield from _styled(page.splitlines(), width)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.measure import Measurement

        return Measurement(min(text.NARROWEST, options.max_width), min(options.max_width, _WIDEST))


def _red(words: str) -> str:
    return f"\x1b[1;31m{in_brackets(words)}\x1b[0m"


def _styled(lines: list[str], width: int) -> Iterator[RenderableType]:
    """The lines of a page: the title in a panel, each section under a rule."""
    from rich.panel import Panel
    from rich.text import Text

    title = next((n for n, line in enumerate(lines) if line and set(line) == {_TITLE}), 0)
    if title:
        words = Text("\n".join(lines[:title]), style="bold")
        yield Panel(words, width=width, border_style="blue")
        lines = lines[title + 1 :]
    start = 0
    for place, line in enumerate(lines):
        if line and set(line) == {_SECTION}:
            heading = place
            while heading > start and lines[heading - 1]:
                heading -= 1
            yield from map(_line, lines[start:heading])
            yield from _heading(lines[heading:place], width)
            start = place + 1
    yield from map(_line, lines[start:])


def _heading(lines: list[str], width: int) -> Iterator[RenderableType]:
    from rich.text import Text

    for line in lines:
        words = Text.from_ansi(line)
        words.stylize_before("bold cyan")
        yield words
    yield Text(_SECTION * width, style="cyan")


def _line(line: str) -> RenderableType:
    from rich.text import Text

    words = Text.from_ansi(line)
    plain = words.plain
    if set(plain) == {" ", _SECTION}:  # the rule below the head of a table
        words.stylize("dim")
    number = _NUMBER.search(plain)
    if number:
        words.stylize("dim", number.start(), number.end())
    words.overflow = "fold"
    return words
