"""Fragments in the pages of others: legible on any ground, and at home without a script."""

from __future__ import annotations

from itertools import product

import pytest
from measures import CONTRAST, violations

from derive.exporters import html

#: How documentation themes turn dark: the attributes of their pages, and what their sheets say.
HOSTS = {
    "furo": (
        '<html lang="en"><body data-theme="dark">',
        'body[data-theme="dark"] { color-scheme: dark; background: #131416; color: #cfd0d0; }',
    ),
    "pydata": (
        '<html lang="en" data-theme="dark"><body>',
        """html[data-theme="dark"] { color-scheme: dark; }
        html[data-theme="dark"] body { background: #14181e; color: #ced6dd; }""",
    ),
    "material": (
        '<html lang="en"><body data-md-color-scheme="slate">',
        '[data-md-color-scheme="slate"] { background: #1e2129; color: #e2e4e9d1; }',
    ),
    "a class": (
        '<html lang="en" class="dark"><body>',
        ".dark body { background: #000; color: #ddd; }",
    ),
    "the system": (
        '<html lang="en"><body>',
        "@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #c9d1d9; } }",
    ),
    "light": ('<html lang="en"><body>', "body { background: #fff; color: #212529; }"),
    "sepia": ('<html lang="en"><body>', "body { background: #fbf0d9; color: #3b2c1a; }"),
}

#: Every kind of text that has a colour of its own.
COLOURED = ".derive-tracked, .derive-reason, .derive-number-of-section, .derive button, legend"


def hosted(source, host):
    start, sheet = HOSTS[host]
    return (
        f'<!DOCTYPE html>{start}<meta charset="utf-8"><title>Host</title>'
        f"<style>{sheet} body {{ margin: 1rem; }}</style>"
        f"<main><h1>A page</h1>{source}</main></body></html>"
    )


@pytest.mark.parametrize("older", [False, True], ids=["this browser", "an older one"])
@pytest.mark.parametrize(("host", "follows"), list(product(HOSTS, [False, True])))
def test_colours_follow_the_page(host, follows, older, derivation_of, opened):
    source = hosted(html.export(derivation_of("logistic_regression"), page=False), host)
    if older:
        assert "@supports (color: oklch(" in source
        source = source.replace("@supports (color: oklch(", "@supports (color: unknown(")
    page = opened(source, scheme="dark").page
    if follows:
        page.evaluate("document.querySelector('.derive').classList.add('derive-following')")
    measured = page.evaluate(CONTRAST, COLOURED)
    assert len(measured) > 20
    assert min(measured) >= 4.5


def test_the_measure_sees_what_is_illegible(derivation_of, opened):
    source = hosted(html.export(derivation_of("logistic_regression"), page=False), "furo")
    source = source.replace(
        "</style>", "</style><style>.derive { --derive-track: #8c1d18; }</style>"
    )
    measured = opened(source, scheme="dark").page.evaluate(CONTRAST, ".derive-tracked")
    assert max(measured) < 4.5


@pytest.mark.parametrize(("scheme", "follows"), list(product(["light", "dark"], [False, True])))
def test_the_colours_of_a_page_of_its_own(scheme, follows, derivation_of, opened):
    page = opened(html.export(derivation_of("mlp")), scheme=scheme).page
    if follows:
        page.click(".derive-follow")
    measured = page.evaluate(CONTRAST, COLOURED)
    assert len(measured) > 100
    assert min(measured) >= 4.5


def test_a_page_may_choose_its_own_colours(derivation_of, opened):
    source = hosted(html.export(derivation_of("mean_loss"), page=False), "furo").replace(
        "</title>",
        "</title><style>[data-theme='dark'] .derive { --derive-track: rgb(1, 2, 3); }</style>",
    )
    page = opened(source).page
    colour = "getComputedStyle(document.querySelector('.derive-tracked')).color"
    assert page.evaluate(colour) == "rgb(1, 2, 3)"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("host", ["furo", "light"])
def test_no_barrier_and_no_overflow_in_a_page_of_others(host, width, derivation_of, opened, axe):
    it = opened(
        hosted(html.export(derivation_of("mlp"), page=False), host), width=width, scheme="dark"
    )
    assert it.complaints == []
    assert it.requests == [it.page.url]
    assert it.page.evaluate("document.documentElement.scrollWidth") <= width
    # What scrolls is given its name and its place in the order of tabs by the script, which a
    # fragment is without; browsers let the keyboard scroll it all the same.
    assert violations(it.page, axe, without=("scrollable-region-focusable",)) == []


@pytest.mark.parametrize("width", [1280, 390])
def test_everything_is_shown_without_a_script(width, derivation_of, opened):
    page = opened(hosted(html.export(derivation_of("mlp"), page=False), "light"), width=width).page
    assert page.locator("[data-view]").count() > 1
    hidden = page.evaluate(
        """() => [...document.querySelectorAll(".derive-line, [data-view], [data-column]")]
          .filter((each) => !each.checkVisibility()).length"""
    )
    assert hidden == 0
    assert page.locator(".derive button:visible, .derive input:visible").count() == 0
