"""Pages: well-formed, closed to the outside, for everyone, and of any width."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product

import pytest
from programs import require_program

from derive import catalogue
from derive.document import build
from derive.errors import InputError
from derive.exporters import html
from derive.notation import Look

DETAILS = ("brief", "normal", "full")
LOOKS = (
    Look(),
    Look(logarithm="log", examples="superscript", vectors="bold", derivatives="full"),
)
HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\x00"

_MATH = re.compile(r"<math .*?</math>", re.DOTALL)
_VOID = {"meta", "br", "wbr", "input", "img", "link", "hr"}


class Page(HTMLParser):
    """The elements of a page; complains where one isn't closed."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.open, self.elements = [], []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]

    def ids(self):
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


@pytest.mark.parametrize("look", LOOKS, ids=["plain", "other"])
@pytest.mark.parametrize(("name", "detail"), list(product(catalogue.NAMES, DETAILS)))
def test_every_formula_of_the_catalogue_is_well_formed(name, detail, look, derivation_of):
    written = html.export(derivation_of(name), detail=detail, look=look, page=False, style=False)
    formulas = _MATH.findall(written)
    assert len(formulas) == written.count("<math") > 0
    for formula in formulas:
        element = ET.fromstring(formula)
        assert element.get("alttext")
        assert "\\" not in formula
        assert "merror" not in formula


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_a_page_is_whole(name, derivation_of):
    page = Page(html.export(derivation_of(name)))
    ids = page.ids()
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for attributes in page.all("a")]
    assert links
    assert all(link[0] == "#" and link[1:] in ids for link in links)
    controlled = [each["aria-controls"] for each in page.all("button") if "aria-controls" in each]
    assert set(" ".join(controlled).split()) <= set(ids)
    assert all(each.get("scope") in ("row", "col") for each in page.all("th"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert set(levels[1:]) == {2}


@pytest.mark.parametrize("page", [True, False])
def test_nothing_is_loaded_from_anywhere(page, derivation_of):
    written = html.export(derivation_of("mlp"), page=page)
    rest = written.replace('xmlns="http://www.w3.org/1998/Math/MathML"', "")
    assert not re.search(r"https?:|url\(|@import|//[a-z]+\.", rest)
    assert not re.search(r"<(img|link|iframe|object|embed)|\bsrc=|\sstyle=|\son[a-z]+=", rest)


def test_the_policy_allows_the_page_its_own_script_alone(derivation_of):
    from base64 import b64encode
    from hashlib import sha256

    written = html.export(derivation_of("mean_loss"))
    for tag in ("style", "script"):
        inline = re.findall(rf"<{tag}>(.*?)</{tag}>", written, re.DOTALL)
        assert len(inline) == 1
        digest = b64encode(sha256(inline[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in written
    assert "default-src 'none'" in written


def test_a_fragment_needs_no_script_and_keeps_to_itself(derivation_of):
    written = html.export(derivation_of("mlp"), page=False, label="one", heading=3)
    assert "<script" not in written
    page = Page(written)
    assert all(each.startswith("one") for each in page.ids())
    assert {tag for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)} == {"h3", "h4"}
    other = Page(html.export(derivation_of("mlp"), page=False, label="two"))
    assert not set(page.ids()) & set(other.ids())
    rules = re.sub(r"/\*.*?\*/", "", html.stylesheet(), flags=re.DOTALL)
    for selectors in re.findall(r"([^{}]+)\{", rules):
        for selector in re.sub(r"\([^()]*\)", "", selectors).split(","):
            assert selector.strip().startswith((".derive", "@"))


@pytest.mark.parametrize("heading", [0, 6, -1])
def test_a_heading_that_leaves_no_room_is_refused(heading, derivation_of):
    with pytest.raises(InputError, match="heading"):
        html.export(derivation_of("mean_loss"), page=False, heading=heading)


@pytest.mark.parametrize("label", ['a"b', "a b", "é", "<b>"])
def test_a_label_that_is_no_id_is_refused(label, derivation_of):
    with pytest.raises(InputError, match="prefix"):
        html.export(derivation_of("mean_loss"), label=label)


@pytest.mark.parametrize("page", [True, False])
def test_hostile_words_stay_words(page, derivation_of):
    document = build(derivation_of("logistic_regression"))
    quantities = tuple(
        replace(each, text=HOSTILE, stack_text=HOSTILE, latex="", stack_latex="", meaning=HOSTILE)
        for each in document.problem.quantities
    )
    problem = replace(document.problem, quantities=quantities)
    written = html.write(
        replace(document, title=HOSTILE, problem=problem), prefix=HOSTILE, page=page
    )
    parsed = Page(written)
    assert not parsed.all("img")
    assert len(parsed.all("script")) == int(page)
    assert not [name for _, each in parsed.elements for name in each if name.startswith("on")]
    assert "\x00" not in written
    for formula in _MATH.findall(written):
        ET.fromstring(formula)


def test_lines_can_be_copied_without_our_command(derivation_of):
    written = html.export(derivation_of("linear_regression"))
    copied = [each["data-latex"] for each in Page(written).all("div") if "data-latex" in each]
    assert any(r"\frac{1}{m} \sum" in each for each in copied)
    assert not any("derivetrack" in each for each in copied)
    assert all("=" in each or r"\ne" in each for each in copied)


def test_same_input_same_bytes(derivation_of):
    code = (
        "from derive.gradients import gradient; from derive.exporters import html; import sys;"
        "sys.stdout.reconfigure(encoding='utf-8');"
        "print(html.export(gradient('layer', check='none')), end='')"
    )
    pages = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(pages) == 1


# In a browser ------------------------------------------------------------------------------------

#: Looks at the page and uses it; what it finds is written into the title.
_PROBE = """
<script>
addEventListener("error", (event) => { document.title = "error: " + event.message; });
const frame = document.querySelector("iframe");
frame.addEventListener("load", async () => {
  const page = frame.contentDocument, root = page.querySelector(".derive");
  const shown = (box) => box.getClientRects().length > 0;
  const found = {};
  found.inside = frame.contentWindow.innerWidth;
  found.wide = page.documentElement.scrollWidth;
  found.scripted = root.classList.contains("derive-scripted");
  found.bare = [...page.querySelectorAll("math")].filter((each) => shown(each)
    && each.getBoundingClientRect().width < 1).length;
  found.views = [...page.querySelectorAll("[data-view]")].map(shown);
  const radios = page.querySelectorAll(".derive-switch[data-of=views] input");
  if (radios.length) {
    radios[1].click();
    found.switched = [...page.querySelectorAll("[data-view]")].map(shown);
  }
  const lines = () => [...page.querySelectorAll(".derive-line")].filter(shown).length;
  found.open = lines();
  const every = page.querySelectorAll(".derive-every");
  if (every.length) {
    every[1].click();
    found.closed = lines();
    every[0].click();
    found.again = lines();
  }
  const follow = page.querySelector(".derive-follow");
  const ground = () => getComputedStyle(page.querySelector(".derive-tracked")).backgroundColor;
  if (follow) {
    const before = ground();
    page.head.insertAdjacentHTML("beforeend", "");
    root.querySelectorAll(".derive-tracked").forEach((each) => { each.style.transition = "none"; });
    follow.click();
    found.pressed = follow.getAttribute("aria-pressed");
    found.lit = ground() !== before;
  }
  document.body.dataset.found = JSON.stringify(found);
});
</script>
"""


def looked_at(folder, source, width):
    """What the probe found on a page that is so many pixels wide."""
    browser = require_program("chromium")
    (folder / "page.html").write_text(source, encoding="utf-8")
    (folder / "probe.html").write_text(
        f'<!DOCTYPE html><title>probe</title><body><iframe width="{width}" height="800" '
        f'style="border:0"></iframe>{_PROBE}<script>frame.src = "page.html";</script>',
        encoding="utf-8",
    )
    dumped = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--allow-file-access-from-files",
            f"--user-data-dir={folder / 'profile'}",
            "--virtual-time-budget=5000",
            "--window-size=1400,900",
            "--dump-dom",
            (folder / "probe.html").as_uri(),
        ],
        capture_output=True,
        timeout=120,
        check=False,
    ).stdout.decode()
    parsed = HTMLParser()
    body = []
    parsed.handle_starttag = lambda tag, attributes: body.append((tag, dict(attributes)))
    parsed.feed(dumped)
    found = next(each.get("data-found") for tag, each in body if tag == "body")
    assert found, dumped[-2000:]
    return json.loads(found)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", catalogue.NAMES)
def test_a_page_fits_and_works_in_a_browser(name, width, derivation_of, tmp_path):
    found = looked_at(tmp_path, html.export(derivation_of(name)), width)
    assert found["inside"] == width
    assert found["wide"] <= width
    assert found["scripted"]
    assert found["bare"] == 0
    if found["views"]:
        assert found["views"] == [True, False]
        assert found["switched"] == [False, True]
    if "closed" in found:
        assert found["closed"] < found["open"] == found["again"]
    if "lit" in found:
        assert found["pressed"] == "true"
        assert found["lit"]


@pytest.mark.parametrize("width", [1280, 390])
def test_a_fragment_shows_everything_without_a_script(width, derivation_of, tmp_path):
    fragment = html.export(derivation_of("mlp"), page=False)
    page = f'<!DOCTYPE html><meta name="viewport" content="width=device-width">{fragment}'
    found = looked_at(tmp_path, page.replace('class="derive-follow"', 'class="none"'), width)
    assert found["wide"] <= width
    assert not found["scripted"]
    assert found["views"] == [True, True]
