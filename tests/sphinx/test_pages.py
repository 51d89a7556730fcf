"""Pages in a real browser: the switches, and that nothing is wider than the page."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from programs import require_program

pytest.importorskip("sphinx", reason="Sphinx is not installed")
pytest.importorskip("myst_parser", reason="MyST-Parser is not installed")

from builds import EXAMPLE, sphinx

#: Looks at a page in a frame of the width that is given, and chooses each value of each switch.
PROBE = """<!DOCTYPE html><meta charset="utf-8"><title>probe</title>
<iframe id="frame" style="border:0;height:900px;width:WIDTHpx" src="PAGE"></iframe>
<pre id="found"></pre><script>
document.getElementById("frame").onload = ({target}) => {
  const page = target.contentDocument, root = page.documentElement;
  const seen = each => each.getClientRects().length > 0;
  const found = {overflow: root.scrollWidth - root.clientWidth, switches: []};
  found.wide = [...page.querySelectorAll(".derive-equations, .derive-scroll")]
    .filter(each => each.getBoundingClientRect().right > root.clientWidth + 1).length;
  found.scrolling = [...page.querySelectorAll(".derive-equations, .derive-right, .derive-scroll")]
    .filter(each => each.scrollWidth > each.clientWidth + 1)
    .every(each => ["auto", "scroll"].includes(getComputedStyle(each).overflowX));
  const levels = [...page.querySelectorAll("[role=main] :is(h1, h2, h3, h4, h5, h6)")]
    .map(each => +each.tagName[1]);
  found.headings = levels.length;
  found.skipped = levels.filter((level, place) => level > (levels[place - 1] ?? 0) + 1).length;
  const shown = [...page.querySelectorAll(".derive-line")].filter(seen);
  found.lines = shown.length;
  // A reason is read at once: on the page, beside the formula or below it.
  found.covered = shown.filter(line => {
    const reason = line.querySelector(".derive-reason");
    if (!reason) return false;
    const why = reason.getBoundingClientRect();
    const right = line.querySelector(".derive-right").getBoundingClientRect();
    return why.right > root.clientWidth || why.left < right.right - 1 && why.top < right.bottom - 1;
  }).length;
  // What scrolls can be reached by keyboard.
  found.unreached = [...page.querySelectorAll(".derive-right, .derive-scroll")]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && each.tabIndex < 0).length;
  for (const box of page.querySelectorAll(".derive-switch")) {
    const inputs = [...box.querySelectorAll("input")];
    const state = () => {
      const around = box.parentElement;
      const views = [...around.children].filter(each => each.matches(".derive-view"));
      const columns = [...around.querySelectorAll("tbody tr:first-child > *")].slice(1);
      return (views.length ? views : columns).map(seen);
    };
    const shown = [state()];
    for (const input of inputs.slice(1)) {
      input.focus();
      input.click();
      shown.push(state());
    }
    inputs[0].click();
    found.switches.push({
      legend: box.querySelector("legend").textContent,
      labels: [...box.querySelectorAll("label")].map(each => each.textContent),
      reached: inputs.every(each => each.type === "radio" && each.tabIndex >= 0 && seen(each)),
      names: new Set(inputs.map(each => each.name)).size,
      shown,
    });
  }
  document.getElementById("found").textContent = JSON.stringify(found);
};
</script>"""


#: Lines that are wider than any page.
WIDE = """:orphan:

Wide
====

.. derivation:: mlp
   :parts: small any matrices

Below
-----

.. derivation:: softmax_regression
   :label: below
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    example = Path(shutil.copytree(EXAMPLE, folder / "example"))
    (example / "wide.rst").write_text(WIDE, encoding="utf-8")
    build = sphinx(example, folder / "out", "-W")
    assert build.returncode == 0, build.stderr
    return folder / "out"


def looked_at(site: Path, page: str, width: int) -> dict:
    browser = require_program("chromium")
    probe = site / f"probe-{width}.html"
    probe.write_text(PROBE.replace("WIDTH", str(width)).replace("PAGE", page), encoding="utf-8")
    dumped = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu"),
            *("--allow-file-access-from-files", f"--user-data-dir={site.parent / 'profile'}"),
            *("--virtual-time-budget=5000", "--window-size=1400,1000", "--dump-dom"),
            probe.as_uri(),
        ],
        capture_output=True,
        timeout=120,
        check=False,
    ).stdout.decode()
    found = re.search(r'<pre id="found">(.*?)</pre>', dumped, re.DOTALL)
    assert found
    assert found[1], "the page was not looked at"
    return json.loads(unescape(found[1]))


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("page", ["index.html", "own.html", "rules.html", "wide.html"])
def test_nothing_is_wider_than_the_page(page, width, site):
    found = looked_at(site, page, width)
    assert found["overflow"] <= 0
    assert found["wide"] == 0
    assert found["scrolling"]
    assert found["lines"] > 10 or page == "rules.html"
    assert found["headings"] > 0
    assert (found["covered"], found["skipped"], found["unreached"]) == (0, 0, 0)


def test_a_switch_shows_what_is_chosen(site):
    layout, meanings = looked_at(site, "index.html", 1280)["switches"]
    assert layout["legend"] == "layout"
    assert layout["labels"] == ["examples are rows", "examples are columns"]
    assert layout["shown"] == [[True, False], [False, True]]
    assert meanings["labels"] == ["both", "of each loss", "of the cost"]
    assert meanings["shown"] == [[True, True], [True, False], [False, True]]
    for each in (layout, meanings):
        assert each["reached"]
        assert each["names"] == 1


def test_print_has_all_of_it(site, tmp_path):
    browser, reader = require_program("chromium"), require_program("pdftotext")
    subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu"),
            *(f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={tmp_path / 'page.pdf'}"),
            (site / "index.html").as_uri(),
        ],
        capture_output=True,
        timeout=120,
        check=True,
    )
    printed = subprocess.run(
        [reader, "-layout", str(tmp_path / "page.pdf"), "-"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert "Examples are rows." in printed
    assert "Examples are columns." in printed
    assert "examples are rows" in printed  # the row of the table
    assert not re.search(r"both\s+of each loss", printed)
