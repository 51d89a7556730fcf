"""Pages: well-formed, closed to the outside, for everyone, and of any width."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product

import pytest

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
        assert bool(element.get("alttext")) != (element.get("aria-hidden") == "true")
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
    rules = rules.replace(":where(.derive)", ".derive")
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


# Words of the controls ---------------------------------------------------------------------------

GERMAN = {
    "language": "de",
    "follow": "{factor} verfolgen",
    "tracked factor": "das {factor}",
    "open all": "Alle Schritte zeigen",
    "steps between": "{count} Schritte dazwischen",
    "copied": "LaTeX kopiert",
}


def test_the_controls_speak_another_language(derivation_of):
    written = html.export(derivation_of("mlp"), words=GERMAN)
    assert '<html lang="de">' in written
    page = Page(written)
    root = next(each for each in page.all("div") if each.get("class") == "derive")
    assert root["lang"] == "de"
    assert root["data-copied"] == "LaTeX kopiert"
    assert ">das 1/m verfolgen</button>" in written
    assert ">Alle Schritte zeigen</button>" in written
    assert re.search(r'aria-label="\d+ Schritte dazwischen"', written)
    assert "steps between" not in written
    assert "Close all steps" in written  # what isn't said in German is said in English


def test_no_words_of_controls_are_outside_of_the_table(derivation_of):
    marked = {key: f"¤{said}" for key, said in html.WORDS.items()}
    for name in catalogue.NAMES:
        page = Page(html.export(derivation_of(name), words=marked))
        for each in page.all("button"):
            assert each.get("aria-label", "¤").startswith("¤")
        written = html.export(derivation_of(name), words=marked, page=False, style=False)
        for said in re.findall(r"<button[^>]*>([^<]*)</button>", written):
            assert said in ("▾", "TeX") or said.startswith("¤")
    for said in html.WORDS.values():
        assert len(said) < 4 or said not in html.script()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"folow": "x"}, "'folow' is none of the words"),
        ({"follow": "Verfolgen"}, "where {factor} stands"),
        ({"steps between": "Schritte"}, "where {count} stands"),
    ],
)
def test_words_that_cannot_be_are_refused(words, message, derivation_of):
    with pytest.raises(InputError, match=re.escape(message)):
        html.export(derivation_of("mean_loss"), words=words)


def test_hostile_words_of_controls_stay_words(derivation_of):
    words = dict.fromkeys(html.WORDS, f"{HOSTILE}{{factor}}{{count}}")
    parsed = Page(html.export(derivation_of("mlp"), words=words))
    assert not parsed.all("img")
    assert len(parsed.all("script")) == 1


# Text alternatives -------------------------------------------------------------------------------


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("name", catalogue.NAMES)
def test_every_line_has_exactly_one_text_alternative(name, detail, derivation_of):
    written = html.export(derivation_of(name), detail=detail, page=False, style=False)
    lines = re.findall(r'<div class="derive-line.*?</div>', written)
    assert lines
    for line in lines:
        line = re.sub(r'<span class="derive-reason">.*', "", line)
        formulas = [ET.fromstring(each) for each in _MATH.findall(line)]
        read = [each for each in formulas if each.get("aria-hidden") != "true"]
        assert len(read) == 1
        seen = [each for each in formulas if each.get("aria-hidden") == "true"] or read
        # What is read is what is seen: the same signs in the same order, the unseen one aside.
        said, shown = ("".join("".join(each.itertext()) for each in part) for part in (read, seen))
        assert said.replace("\u2062", "") == shown.replace("\u2062", "")
