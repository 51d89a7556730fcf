"""Rich prints a derivation at any width, with colours and without."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console
from rich.panel import Panel

from derive import catalogue
from derive.command_line.commands import _listed
from derive.exporters import terminal, text
from derive.notation import columns


def printed(page, width, colours=None):
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=bool(colours), color_system=colours).print(page)
    return file.getvalue()


@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize("name", catalogue.NAMES)
def test_every_line_fits(name, width, derivation_of):
    shown = printed(terminal.renderable(derivation_of(name)), width)
    assert all(columns(line) <= width for line in shown.splitlines())


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_it_says_what_the_text_says(name, derivation_of):
    """No line is lost and none is new, rules and frames aside."""

    def said(page):
        return re.sub(r"[═─│╭╮╰╯\s]", "", page)

    page = terminal.renderable(derivation_of(name), detail="full")
    plain = text.export(derivation_of(name), detail="full", width=80)
    assert said(printed(page, 80)) == said(plain)


def test_the_factor_is_red_and_in_brackets(derivation_of):
    shown = printed(terminal.renderable(derivation_of("mean_loss")), 80, "standard")
    assert "\x1b[1;31m⟦1/m⟧\x1b[0m" in shown
    assert "⟦1/m⟧" in printed(terminal.renderable(derivation_of("mean_loss")), 80)


def test_it_stands_inside_other_things(derivation_of):
    page = terminal.renderable(derivation_of("mean_loss"), parts=["result"])
    assert "⟦1/m⟧" in printed(Panel(page), 60)
    assert "⟦1/m⟧" in printed(Panel.fit(page), 60)


def test_narrower_than_the_narrowest_page_nothing_is_lost(derivation_of):
    shown = printed(terminal.renderable(derivation_of("mean_loss")), 30)
    assert all(columns(line) <= 30 for line in shown.splitlines())


TITLES = [(name, catalogue.load(name).title) for name in catalogue.NAMES]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
def test_the_list_of_the_catalogue_fits_any_terminal(width):
    """It is wrapped between words; where that leaves little room, titles stand below the names."""
    lines = list(_listed(TITLES, width))
    assert all(columns(line) <= max(width, 30) for line in lines)
    assert " ".join(lines).split() == [word for entry in TITLES for word in " ".join(entry).split()]
    beside = [line for line in lines if line.startswith("mlp  ")]
    assert len(beside) == (1 if width > 61 else 0)


def test_the_list_has_an_entry_on_each_line_for_other_programs():
    lines = list(_listed(TITLES, None))
    assert [line.split()[0] for line in lines] == list(catalogue.NAMES)
