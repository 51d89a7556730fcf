"""The project's own documentation: built by Sphinx without a warning, and read in a browser."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from chromium import Chromium
from programs import require_program
from site_build import ROOT, build

from derive.catalogue import FAMILIES, NAMES, load
from derive.command_line.arguments import parse
from derive.rules import RULES

DOCS = ROOT / "docs"

#: Pages of each kind, which are looked at in every width and colour scheme.
PAGES = (
    "index",
    "tutorial",
    "rules",
    "documents",
    "own-problems",
    "catalogue/index",
    "questions/no-1-over-m-in-dz",
    "questions/transpose",
    "reference/derive",
    "howto/documentation",
    *(f"catalogue/{name}" for name in ("mean_loss", "mlp", "softmax_regression")),
)

BUILDERS = ("latex", "epub", "text", "singlehtml", "gettext")


def test_the_site_is_built_without_a_warning(site):
    assert site.status == 0, site.report
    assert "build succeeded." in site.report


@pytest.mark.parametrize("builder", BUILDERS)
def test_every_other_form_is_built_without_a_warning(builder, site, tmp_path):
    # The pages are read already, and only writing them is left. For translators they are read
    # anew, but nothing is derived anew.
    kept = "derive-cache" if builder == "gettext" else ""
    trees = tmp_path / "trees"
    shutil.copytree(site.trees / kept, trees / kept)
    built = build(builder, tmp_path / "out", trees)
    assert built.returncode == 0, built.stdout
    assert "derive: derived" not in built.stdout
    assert any((tmp_path / "out").iterdir())


# The catalogue ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_has_its_page(name, site):
    page = (site.pages / "catalogue" / f"{name}.html").read_text("utf-8")
    title = load(name).title
    assert re.search(rf"<h1>{re.escape(title)}<", page)
    for part in ("The cost", "written out", "As matrices", "Checked"):
        assert part in page
    assert "derive-error" not in page
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="derive-graph"' in page


def test_the_index_lists_every_entry_in_teaching_order(site):
    page = (site.pages / "catalogue" / "index.html").read_text("utf-8")
    article = page.partition("<article")[2].partition("</article>")[0]
    link = r'class="toctree-{}"><a class="reference internal" href="([\w-]+)\.html[^"]*">(.*?)</a>'
    listed = [title for _, title in re.findall(link.format("l2"), article)]
    assert [unescape(title) for title in listed] == [load(name).title for name in NAMES]
    families = [page for page, _ in re.findall(link.format("l1"), article)]
    assert families == [f"family-{family.name}" for family in FAMILIES]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_family_has_a_page_with_the_gradients_of_its_entries(family, site):
    page = (site.pages / "catalogue" / f"family-{family.name}.html").read_text("utf-8")
    assert family.title in page
    assert all(f'href="{name}.html"' in page for name in family.entries)
    assert page.count("<math") >= len(family.entries)


def test_pages_of_the_catalogue_are_those_of_its_entries(site):
    found = {path.stem for path in (site.pages / "catalogue").glob("*.html")}
    families = {f"family-{family.name}" for family in FAMILIES}
    assert found == {*NAMES, *families, "index"}


def test_the_glossary_has_every_rule(site):
    page = (site.pages / "rules.html").read_text("utf-8")
    assert all(f">{name}<" in page for name in RULES)


# Settled questions --------------------------------------------------------------------------------

QUESTIONS = sorted(path for path in (DOCS / "questions").glob("*.md") if path.stem != "index")


def test_there_are_questions():
    stems = {path.stem for path in QUESTIONS}
    assert stems >= {
        *("no-1-over-m-in-dz", "same-gradient", "transpose", "sum-for-db", "where-the-2-went"),
        "sign-in-lasso",
    }
    listed = (DOCS / "questions" / "index.md").read_text("utf-8")
    assert all(f"\n{stem}\n" in listed for stem in stems)


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_has_an_answer_and_a_proof(path, site):
    source = path.read_text("utf-8")
    places = [
        source.index(part)
        for part in ("\n> ", "\n**In short.** ", "```{derivation} ", "## What is often said\n")
    ]
    assert places == sorted(places)
    # Each thing that is often said is quoted, in a paragraph of its own, before it is answered.
    said = source[places[-1] :].strip().split("\n\n")[1:]
    assert sum(paragraph.startswith("*“") for paragraph in said) >= 2
    page = (site.pages / "questions" / f"{path.stem}.html").read_text("utf-8")
    assert page.count('class="derive-line"') >= 3


# What is written ----------------------------------------------------------------------------------


class _Reader(HTMLParser):
    """The ids and the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(given["id"])
        for name in ("href", "src"):
            if given.get(name) is not None:
                self.links.append(given[name])


@pytest.fixture(scope="module")
def read(site):
    """Each page of the site, read."""
    pages = {}
    for path in sorted(site.pages.rglob("*.html")):
        reader = _Reader()
        reader.feed(path.read_text("utf-8"))
        pages[path.resolve()] = reader
    return pages


def test_no_link_inside_the_site_is_broken(read, site):
    broken = []
    for path, page in read.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.exists() or (
                parts.fragment
                and target in read
                and unquote(parts.fragment) not in read[target].ids
            ):
                broken.append(f"{path.relative_to(site.pages.resolve())}: {link}")
    assert len(read) > 30
    assert broken == []


def test_no_id_stands_twice_on_a_page(read):
    twice = {
        f"{path.name}: {each}"
        for path, page in read.items()
        for each in page.ids
        if page.ids.count(each) > 1
    }
    assert twice == set()


def test_nothing_is_fetched_from_elsewhere(site):
    pattern = r'<(?:script|img|link)[^>]* (?:src|href)="((?:https?:)?//[^"]*)"'
    fetched = [
        f"{path.name}: {address}"
        for path in site.pages.rglob("*.html")
        for address in re.findall(pattern, path.read_text("utf-8"))
    ]
    assert fetched == []


def test_no_formula_is_left_as_latex(site):
    for path in site.pages.rglob("*.html"):
        page = re.sub(r"<(pre|code)\b.*?</\1>", "", path.read_text("utf-8"), flags=re.DOTALL)
        assert not re.search(r"\\(frac|sum|partial|hat)\b", page), path.name
        assert not re.search(r"<script[^>]*mathjax", page, re.IGNORECASE), path.name


def test_every_command_on_the_pages_can_be_read():
    shell = [
        line
        for path in sorted(DOCS.rglob("*.md"))
        if "_build" not in path.parts
        for block in re.findall(r"```sh\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
        for line in block.splitlines()
        if line.startswith("derive ")
    ]
    assert len(shell) > 20
    for line in shell:
        assert parse(shlex.split(line, comments=True)[1:]).command == line.split()[1]


def _without_code(path):
    """The text of a page without what stands in single backticks, such as ``a^[1](i)``."""
    return re.sub(r"(?<!`)`[^`\n]+`(?!`)", "", path.read_text("utf-8"))


def test_links_between_the_sources_lead_somewhere():
    # GitHub shows the sources themselves.
    missing = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in sorted(DOCS.rglob("*.md"))
        if "_build" not in path.parts and (path.parent.name != "catalogue" or path.stem == "index")
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", _without_code(path))
        if "://" not in target
        and not (path.parent / target).exists()
        and not (Path(target).parent.name == "catalogue" and Path(target).stem in NAMES)
    ]
    assert missing == []


def test_the_docs_extra_is_what_the_configuration_loads():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (extra,) = re.findall(r"^docs = \[(.*?)\]$", text, re.DOTALL | re.MULTILINE)
    named = set(re.findall(r'"([\w-]+)', extra))
    assert named == {"furo", "myst-parser", "sphinx", "sphinx-copybutton"}


# In a browser -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with Chromium(require_program("chromium")) as opened:
        yield opened


#: What is wider than its page, what has no size, and how wide the page itself is.
MEASURE = r"""(() => {
  const page = document.documentElement;
  const name = (e) => e.tagName + "." + e.className + ": " + e.textContent.trim().slice(0, 60);
  const scrolls = (e) => ["auto", "scroll"].includes(getComputedStyle(e).overflowX);
  const clipped = (e) => {
    // What is wider than its box must be in a box that scrolls, and that fits the page.
    for (let box = e.parentElement; box; box = box.parentElement)
      if (scrolls(box)) return box.getBoundingClientRect().right <= page.clientWidth + 1;
    return false;
  };
  const shown = (e) => e.checkVisibility();
  const formulas = [...document.querySelectorAll("article math, article svg")].filter(shown);
  const boxes = [...document.querySelectorAll(
    "article .derive-equations, article .derive-scroll, article pre, article table, article p")];
  return {
    scrollWidth: page.scrollWidth,
    clientWidth: page.clientWidth,
    formulas: formulas.length,
    empty: formulas.filter((e) => {
      const box = e.getBoundingClientRect();
      return !(box.width > 0 && box.height > 0);
    }).map(name),
    wide: [...formulas, ...boxes].filter(shown).filter((e) =>
      e.getBoundingClientRect().right > page.clientWidth + 1 && !clipped(e)).map(name),
    errors: [...document.querySelectorAll("merror, .derive-error, .problematic")].map(name),
  };
})()"""

#: The colours of the text and of what is behind it, as red, green and blue.
COLOURS = r"""(() => {
  const rgb = (c) => c.match(/[\d.]+/g).slice(0, 3).map(Number);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (!/, 0\)$|transparent/.test(c)) return rgb(c);
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("article p, article math, article .derive-reason")]
    .filter((e) => e.checkVisibility())
    .map((e) => [e.textContent.trim().slice(0, 40), rgb(getComputedStyle(e).color), behind(e)]);
})()"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_in_a_browser(width, dark, site, browser):
    pages = os.environ.get("DERIVE_PICTURES", "")
    for name in PAGES:
        browser.open((site.pages / f"{name}.html").as_uri(), width=width, dark=dark)
        assert browser.complaints == [], name
        found = browser.run(MEASURE)
        assert found["clientWidth"] == width, name
        assert found["scrollWidth"] <= width, (name, found)
        assert (found["empty"], found["wide"], found["errors"]) == ([], [], []), name
        if name.startswith(("catalogue/m", "questions/", "tutorial")):
            assert found["formulas"] > 20, name
        if pages:
            kind = "dark" if dark else "light"
            browser.picture(Path(pages) / f"{name.replace('/', '-')}-{width}-{kind}.png")


def _luminance(colour: list[float]) -> float:
    parts = [c / 255 for c in colour]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_and_formulas_can_be_told_from_their_background(dark, site, browser):
    for name in ("tutorial", "questions/transpose"):
        browser.open((site.pages / f"{name}.html").as_uri(), dark=dark)
        found = browser.run(COLOURS)
        assert len(found) > 50
        for words, front, back in found:
            bright, dim = sorted((_luminance(front), _luminance(back)), reverse=True)
            # The threshold of WCAG 2, level AA.
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, (name, words, front, back)
        assert (_luminance(found[0][2]) < 0.5) is dark


#: The colours of the letters of a graph, and of the text and the ground of the page.
GRAPH = r"""(() => {
  const colour = (e, what) => getComputedStyle(e)[what];
  const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = (c) => {
    context.fillStyle = c;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const texts = [...document.querySelectorAll(".derive-graph text")];
  return {
    letters: texts.map((e) => rgb(colour(e, "fill"))),
    plain: rgb(colour(texts[0], "fill")),
    text: rgb(colour(document.querySelector("article p"), "color")),
    ground: rgb(colour(document.body, "backgroundColor")),
    page: colour(document.querySelector(".derive-graph .page"), "fill"),
  };
})()"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_graph_follows_the_theme_and_not_the_system(theme, site, browser):
    browser.open((site.pages / "catalogue" / "mlp.html").as_uri(), dark=theme == "light")
    browser.run(f"document.body.dataset.theme = '{theme}'")
    found = browser.run(GRAPH)
    assert found["plain"] == found["text"]
    assert found["page"] == "none"
    assert (_luminance(found["ground"]) < 0.5) is (theme == "dark")
    assert len(found["letters"]) > 50
    for colour in found["letters"]:
        bright, dim = sorted((_luminance(colour), _luminance(found["ground"])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, (colour, found["ground"])


def test_the_index_of_the_site_leads_to_every_part(site, browser):
    browser.open((site.pages / "index.html").as_uri())
    links = browser.run("[...document.querySelectorAll('article a')].map(a => a.href)")
    for part in ("tutorial", "howto/index", "catalogue/index", "questions/index"):
        assert any(link.endswith(f"/{part}.html") for link in links), part
