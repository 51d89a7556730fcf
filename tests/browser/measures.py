"""What is measured on a page in a browser."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

#: The contrast of some elements' text with what is below it, as WCAG computes it.
CONTRAST = """(what) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const measured = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((each) => each / 255);
  };
  const channels = (colour) => {
    if (!known.has(colour)) {
      known.set(colour, measured(colour));
    }
    return known.get(colour);
  };
  const over = ([r, g, b, a], under) =>
    [r, g, b].map((each, n) => each * a + under[n] * (1 - a));
  const light = (colour) => {
    const [r, g, b] = colour.map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const grounds = new Map();
  const below = (box) => {
    if (!box) {
      return [1, 1, 1];
    }
    if (!grounds.has(box)) {
      const own = channels(getComputedStyle(box).backgroundColor);
      grounds.set(box, over(own, below(box.parentElement)));
    }
    return grounds.get(box);
  };
  const shown = (each) => each.checkVisibility();
  return [...document.querySelectorAll(what)].filter(shown).map((each) => {
    const ground = below(each);
    const text = over(channels(getComputedStyle(each).color), ground);
    const [one, other] = [light(text), light(ground)].sort((a, b) => b - a);
    return (one + 0.05) / (other + 0.05);
  });
}"""

#: The rule that takes most of the time.
_COLOURS = "color-contrast"

#: A formula's alternative text is none to axe, though it is to every browser: a header that is a
#: formula is not empty.
_RUN = """async (options) => {
  const found = await axe.run({ exclude: [["math > *"]] }, options);
  const isFormula = (node) => document.querySelector(node.target[0]).querySelector("math[alttext]");
  return found.violations.flatMap((each) =>
    each.nodes.filter((node) => !(each.id === "empty-table-header" && isFormula(node)))
      .map((node) => [each.impact, each.id, node.html, node.failureSummary].join(": "))
  );
}"""


def violations(
    page: Any, axe: str, *, without: Iterable[str] = (), colours: bool = True
) -> list[str]:
    """What axe-core finds wrong, of whatever impact.

    It looks at formulas from outside: their colours are measured by ``CONTRAST``, and it has no
    rule for what is inside of them.
    """
    left_out = [*without, *(() if colours else (_COLOURS,))]
    options = {
        "resultTypes": ["violations"],
        "rules": {rule: {"enabled": False} for rule in left_out},
    }
    page.evaluate(axe)
    found: list[str] = page.evaluate(_RUN, options)
    return found


def wait_until(page: Any, expression: str) -> None:
    """Wait until a page says so; its policy forbids Playwright's own way to ask."""
    end = time.monotonic() + 20
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(20)
