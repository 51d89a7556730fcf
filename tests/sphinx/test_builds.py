"""Documentation builds with the real Sphinx: the example, and projects with mistakes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest
from programs import complaints, require_program, typeset

pytest.importorskip("sphinx", reason="Sphinx is not installed")
pytest.importorskip("myst_parser", reason="MyST-Parser is not installed")

from builds import EXAMPLE, HAS_HEADINGS, PRINTS_TYPES, derived, sphinx, warnings, write

BUILDERS = (
    *("html", "dirhtml", "singlehtml", "latex", "epub"),
    *("text", "man", "texinfo", "gettext"),
)


@pytest.fixture
def example(tmp_path):
    return Path(shutil.copytree(EXAMPLE, tmp_path / "example"))


@pytest.fixture
def project(tmp_path):
    """A project of one page with the text that is given."""

    def make(text: str, configuration: str = "", **files: str) -> Path:
        return write(tmp_path / "project", index=text, conf=configuration, **files)

    return make


@pytest.mark.parametrize("builder", BUILDERS)
def test_the_example_builds_without_a_warning(builder, tmp_path):
    build = sphinx(EXAMPLE, tmp_path / "out", "-W", builder=builder)
    assert build.returncode == 0, build.stderr
    assert "build succeeded." in build.stdout


def pages(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.html"))
    }


def test_one_process_or_two_and_any_hash_seed_make_the_same_pages(tmp_path):
    for name, jobs, seed in (("one", 1, "0"), ("two", 2, "7")):
        assert sphinx(EXAMPLE, tmp_path / name, "-W", jobs=jobs, seed=seed).returncode == 0
    assert pages(tmp_path / "one") == pages(tmp_path / "two")


def test_formulas_are_mathml_and_nothing_is_fetched(tmp_path):
    assert sphinx(EXAMPLE, tmp_path / "out", "-W").returncode == 0
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert page.count("<math ") > 50
    assert "mathjax" not in page.lower()
    assert "\\frac" not in page
    number = re.search(r'id="equation-softmax".*?derive-number">\((\d+)\)', page, re.DOTALL)
    assert number
    assert f'href="#equation-softmax">({number[1]})</a>' in page


def test_a_second_build_derives_nothing(example, tmp_path):
    first = sphinx(example, tmp_path / "out")
    assert len(derived(first)) == 4
    assert derived(sphinx(example, tmp_path / "out")) == []
    # Pages that are read anew take the derivations from the cache.
    again = sphinx(example, tmp_path / "out", "-E")
    assert derived(again) == []
    assert again.returncode == 0


def test_touching_a_file_of_costs_rebuilds_its_page_alone(example, tmp_path):
    sphinx(example, tmp_path / "out")
    costs = example / "my_costs.py"
    costs.write_text(costs.read_text("utf-8").replace('meaning="slope"', 'meaning="rise"'), "utf-8")
    build = sphinx(example, tmp_path / "out")
    assert derived(build) == ["my_costs.py:J by k"]
    assert re.search(r"0 added, 1 changed, 0 removed", build.stdout)
    assert "rise" in (tmp_path / "out" / "own.html").read_text("utf-8")


def test_a_cache_entry_that_is_broken_is_made_again(example, tmp_path):
    sphinx(example, tmp_path / "out")
    entries = sorted((tmp_path / "out-trees" / "derive-cache").rglob("*.json"))
    assert entries
    for path in entries:
        path.write_text("{", encoding="utf-8")
    build = sphinx(example, tmp_path / "out", "-E")
    assert build.returncode == 0
    assert len(derived(build)) == 4
    assert all("again" in line for line in derived(build))


MISTAKES = [
    (".. derivation:: logistic_regresion", "name", "logistic_regression"),
    (".. derivation:: nowhere.py:J", "name", "nowhere.py"),
    (".. derivation:: mean_loss\n   :wrt: q", "option", "no quantity 'q'"),
    (".. derivation:: mean_loss\n   :detail: long", "option", "long"),
    (".. derivation:: mean_loss\n   :layout: diagonal", "option", "diagonal"),
    (".. derivation:: mean_loss\n   :parts: all", "option", "all"),
    (".. derivation:: mean_loss\n   :look: vectors=fat", "option", "fat"),
    (".. derivation:: mean_loss\n   :sizes: m=x", "option", "m=x"),
    (".. gradient:: mean_loss\n   :sizes: m=3", "", "unknown option"),
    ("\n\n".join([".. derivation:: mean_loss\n   :label: a\n   :parts: cost"] * 2), "label", "a"),
    (".. derivation:: mean_loss\n   :label: .", "option", "no id can be made"),
    (".. gradient:: mean_loss\n   :label: -1", "option", "no id can be made"),
]


@pytest.mark.parametrize(("text", "subtype", "said"), MISTAKES)
def test_a_mistake_is_a_warning_at_its_place(text, subtype, said, project, tmp_path):
    build = sphinx(project(text), tmp_path / "out", "-W", "--keep-going")
    assert build.returncode != 0
    assert said in build.stderr
    if not subtype:
        assert re.search(r"index\.rst:4: ", build.stderr)
        return
    ((file, line, words),) = warnings(build)
    assert (file, line) == ("index.rst", 8 if subtype == "label" else 4)
    assert words.endswith(f"[derive.{subtype}]") or not PRINTS_TYPES
    quiet = project(text, f"suppress_warnings = ['derive.{subtype}']")
    build = sphinx(quiet, tmp_path / "quiet", "-W")
    assert build.returncode == 0, build.stderr
    if subtype != "label":
        page = (tmp_path / "quiet" / "index.html").read_text("utf-8")
        assert "derive-error" in page
        assert re.search(re.escape(said).replace("'", "."), page)


#: A power rule whose derivatives are twice as large.
WRONG_RULE = """
from dataclasses import replace
from derive import backpropagation, small_case
from derive.rules import RULES
from derive.terms import add

right = RULES["power rule"]

def apply(term, context):
    found = right.apply(term, context)
    return found and replace(found, after=add(found.after, found.after))

wrong = replace(right, apply=apply)
for module in (backpropagation, small_case):
    for name, value in list(vars(module).items()):
        if isinstance(value, tuple) and right in value:
            setattr(module, name, tuple(wrong if each is right else each for each in value))
"""


def test_a_check_that_fails_ends_the_build(project, tmp_path):
    folder = project(".. gradient:: linear_regression\n   :wrt: w", WRONG_RULE)
    build = sphinx(folder, tmp_path / "out", "-W", "--keep-going")
    assert build.returncode != 0
    ((file, line, said),) = warnings(build)
    assert (file, line) == ("index.rst", 4)
    assert "power rule" in said
    assert said.endswith("[derive.check]") or not PRINTS_TYPES
    assert "derive-error" in (tmp_path / "out" / "index.html").read_text("utf-8")
    project(
        ".. gradient:: linear_regression\n   :wrt: w",
        f"{WRONG_RULE}\nsuppress_warnings = ['derive.check']",
    )
    build = sphinx(folder, tmp_path / "quiet", "-W")
    assert build.returncode == 0, build.stderr


NESTED = """\
.. note::

   .. derivation:: in_note

* item

  .. derivation:: in_item

.. list-table::

   * - a
     - .. derivation:: in_cell

+---------------------------+
| .. derivation:: in_grid   |
+---------------------------+

.. tab::

   .. note::

      .. gradient:: in_tab

Words :gradient:`in_words` more.

.. include:: included.txt

.. derivation:: after
"""

TABS = """
from docutils import nodes
from docutils.parsers.rst import Directive

class Tab(Directive):
    has_content = True

    def run(self):
        tab = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, tab)
        return [tab]

def setup(app):
    app.add_directive("tab", Tab)
    return {"parallel_read_safe": True}
"""

#: Several lines of text with a place for each of them.
MARKDOWN = """\
# Page

:::{note}
```{derivation} in_note
```
:::

- item

  ```{gradient} in_item
  ```

words {gradient}`in_words`
"""


def test_a_warning_has_the_file_and_line_wherever_the_directive_is(project, tmp_path):
    folder = project(
        NESTED,
        f"{TABS}\nextensions.append('myst_parser')\nmyst_enable_extensions = ['colon_fence']",
        included__txt="Included\n--------\n\n.. derivation:: there\n\nAnd :gradient:`here`.\n",
        page__md=MARKDOWN,
    )
    (folder / "page.md").write_text(f"---\norphan: true\n---\n{MARKDOWN}", "utf-8")
    build = sphinx(folder, tmp_path / "out", "-D", "exclude_patterns=included.txt")
    found = {
        (file, re.search(r"'(\w+)'", said)[1]): line
        for file, line, said in warnings(build)
        if "catalogue has no" in said
    }
    lines = {}
    for name in ("index.rst", "included.txt", "page.md"):
        for number, line in enumerate((folder / name).read_text("utf-8").splitlines(), start=1):
            for target in re.findall(r"(?:derivation|gradient)(?:::|\}|:)[ `]*(\w+)", line):
                lines[name, target] = number
    assert len(lines) == 12
    assert found == lines


CLASH = ".. gradient:: mean_loss\n   :wrt: b\n   :label: result\n\nSee :eq:`result`.\n\n"
LONG = ".. derivation:: logistic_regression\n   :wrt: b\n   :label: fit\n   :parts: any\n"


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_label_of_two_pages_means_the_equation_of_each(jobs, tmp_path):
    folder = write(
        tmp_path / "project",
        index=f".. toctree::\n\n   first\n   second\n   third\n\n{LONG}",
        first=f"{CLASH}{LONG}",
        second=f".. math:: 1\n   :label: one\n\n{CLASH}{LONG}",
        third="See :eq:`result`.",
        conf="math_eqref_format = 'Eq. {number}'",
    )
    out = tmp_path / "out"
    build = sphinx(folder, out, "-W", "--keep-going", jobs=jobs)
    assert build.returncode != 0
    said = [(file, line, words) for file, line, words in warnings(build) if "label" in words]
    assert sorted((file, line) for file, line, _ in said) == [
        ("index.rst", 10),
        ("second.rst", 7),
        ("second.rst", 13),
    ]
    assert all(words.endswith("[derive.label]") or not PRINTS_TYPES for *_, words in said)
    for page, number in (("first", 1), ("second", 2)):
        written = (out / f"{page}.html").read_text("utf-8")
        links = re.findall(r'href="([^"]*)"[^>]*>Eq\. (\d+)</a>', written)
        assert ("#equation-result", str(number)) in links
        # The lemmas that a derivation cites are its own, too.
        assert len(links) > 2
        assert all(address.startswith("#equation-") for address, _ in links)
        for address, shown in links:
            there = re.search(rf'id="{address[1:]}".*?derive-number">\((\d+)\)', written, re.DOTALL)
            assert there
            assert there[1] == shown
    third = (out / "third.html").read_text("utf-8")
    assert 'href="first.html#equation-result">Eq. 1</a>' in third

    # Once the others have labels of their own, nothing is left to say.
    for name in ("index", "second"):
        path = folder / f"{name}.rst"
        text = path.read_text("utf-8")
        text = text.replace("result", f"result-{name}").replace(": fit", f": fit-{name}")
        path.write_text(text, "utf-8")
    build = sphinx(folder, out, "-W", jobs=jobs)
    assert build.returncode == 0, build.stderr
    written = (out / "second.html").read_text("utf-8")
    assert 'href="#equation-result-second">Eq. 2</a>' in written


def test_labels_of_which_one_id_is_made_are_one_label(project, tmp_path):
    text = "\n\n".join(
        f".. derivation:: mean_loss\n   :label: {label}\n   :parts: cost"
        for label in ("f.it", "f-it", "F-it", "f")
    )
    build = sphinx(project(text), tmp_path / "out")
    said = [words for _, _, words in warnings(build)]
    assert len(said) == 2, build.stderr
    assert all(re.search(r"now they are [fF]-it-[23]", words) for words in said)
    ids = re.findall(
        r' id="(equation-[^"]*)"', (tmp_path / "out" / "index.html").read_text("utf-8")
    )
    assert len(ids) >= 4
    assert len(set(ids)) == len(ids)


def test_a_page_that_is_read_again_still_has_a_label_of_its_own(tmp_path):
    folder = write(
        tmp_path / "project",
        index=".. toctree::\n\n   first\n   second\n",
        first=CLASH,
        second=f".. math:: 1\n   :label: one\n\n{CLASH}",
    )
    sphinx(folder, tmp_path / "out")
    (folder / "first.rst").write_text(f"New\n===\n\n.. math:: 2\n   :label: two\n\n{CLASH}")
    build = sphinx(folder, tmp_path / "out")
    assert [(file, line) for file, line, _ in warnings(build)] == [("second.rst", 7)]
    for name in ("first", "second"):
        written = (tmp_path / "out" / f"{name}.html").read_text("utf-8")
        assert 'href="#equation-result">(2)</a>' in written
    # The page that Sphinx sent readers to is gone: now the other is the one.
    (folder / "first.rst").unlink()
    write(folder, index=".. toctree::\n\n   second\n\nSee :eq:`result`.\n")
    build = sphinx(folder, tmp_path / "out", "-W")
    assert build.returncode == 0, build.stderr
    written = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert 'href="second.html#equation-result">(2)</a>' in written


def test_what_cannot_be_derived_is_said(project, tmp_path):
    folder = project(".. derivation:: costs.py:J")
    (folder / "costs.py").write_text(
        "import derive\ni = derive.indices('i:m')\nw = derive.parameter('w[i]')\n"
        "J = derive.sum(w[i] ** w[i], over=i)\n",
        encoding="utf-8",
    )
    build = sphinx(folder, tmp_path / "out", "-W")
    assert build.returncode != 0
    assert "index.rst:4:" in build.stderr


def test_hostile_words_stay_words(project, tmp_path):
    folder = project(".. derivation:: costs.py:J\n   :parts: result cost")
    (folder / "costs.py").write_text(
        "import derive\nw = derive.parameter('w', meaning='<script>alert(1)</script> |x|_ `')\n"
        "J = derive.problem(derive.define('J', w ** 2), name='J', title='<script>t</script>')\n",
        encoding="utf-8",
    )
    build = sphinx(folder, tmp_path / "out", "-W")
    assert build.returncode == 0, build.stderr
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert "<script>t<" not in page
    assert "&lt;script&gt;alert" in page


WIDE = """
.. toctree::

   first
   second

.. derivation:: softmax_regression
   :label: softmax

* item

  .. derivation:: mlp
     :wrt: W1
     :detail: full
     :parts: result cost small matrices origin checks
"""


@pytest.mark.parametrize(("engine", "language"), [("pdflatex", "en"), ("lualatex", "de")])
def test_the_manual_compiles_and_nothing_is_too_wide(engine, language, tmp_path):
    require_program(engine)
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "example"))
    (folder / "wide.rst").write_text(f"Wide\n====\n{WIDE.partition('second')[2]}", "utf-8")
    index = folder / "index.rst"
    index.write_text(index.read_text("utf-8").replace("   rules\n", "   rules\n   wide\n", 1))
    with (folder / "conf.py").open("a", encoding="utf-8") as configuration:
        # The fonts that Sphinx chooses for lualatex are not in every TeX.
        fonts = "\\n".join(["latex_elements = {'fontpkg': ''}"] * (engine == "lualatex"))
        configuration.write(f"latex_engine = {engine!r}\nlanguage = {language!r}\n{fonts}\n")
    build = sphinx(folder, tmp_path / "out", "-W", builder="latex")
    assert build.returncode == 0, build.stderr
    log = typeset(engine, tmp_path / "out" / "gradients.tex", runs=3)
    assert complaints(log) == []


def test_a_table_of_the_manual_is_never_wider_than_the_line(project, tmp_path):
    require_program("pdflatex")
    words = "a meaning of very many words that goes on and on until it is far too long for a line"
    folder = project(
        "* a\n\n  * b\n\n    * c\n\n      .. derivation:: costs.py:J\n         :parts: cost checks",
        "latex_elements = {'papersize': 'a5paper'}",
        costs__py=(
            "import derive\n"
            f"ws = [derive.parameter(f'w{{k}}', meaning={words!r}) for k in range(40)]\n"
            "J = derive.define('J', sum((w ** 2 for w in ws[1:]), ws[0]))\n"
        ),
    )
    build = sphinx(folder, tmp_path / "out", "-W", builder="latex")
    assert build.returncode == 0, build.stderr
    (source,) = (tmp_path / "out").glob("*.tex")
    assert source.read_text("utf-8").count(r"\begin{derivetable}") == 4  # 18 + 18 + 4 rows, checks
    log = typeset("pdflatex", source, runs=2)
    assert [each for each in complaints(log) if "alignment" in each or each[0] == "!"] == []


def test_media_of_text_have_the_laws_as_text(tmp_path):
    for builder, name in (("text", "rules.txt"), ("man", "gradients.1"), ("texinfo", "*.texi")):
        out = tmp_path / builder
        assert sphinx(EXAMPLE, out, "-W", builder=builder).returncode == 0
        (path,) = out.glob(name)
        written = path.read_text("utf-8")
        assert "∂f/∂u = Σᵥ ∂f/∂v · ∂v/∂u" in written
        assert "frac{" not in written
        assert "sum_" not in written


def test_what_is_a_switch_on_the_web_is_in_sequence_elsewhere(tmp_path):
    for builder in ("html", "singlehtml"):
        assert sphinx(EXAMPLE, tmp_path / builder, "-W", builder=builder).returncode == 0
        page = (tmp_path / builder / "index.html").read_text("utf-8")
        names = re.findall(r'<input type="radio" name="([^"]+)" value="\d"( checked)?', page)
        by_name = {name: [c for n, c in names if n == name] for name, _ in names}
        # Rows or columns; both meanings of dZ, or one of them.
        assert [len(checked) for checked in by_name.values()] == [2, 3]
        assert all(checked.count(" checked") == 1 for checked in by_name.values())
        assert "derive-switches.css" in page
        for caption in ("Examples are rows.", "Examples are columns."):
            assert page.count(caption) == 1 + (builder == "singlehtml" and "rows" in caption)
    for builder, name in (("text", "index.txt"), ("latex", "gradients.tex"), ("man", "*.1")):
        assert sphinx(EXAMPLE, tmp_path / builder, "-W", builder=builder).returncode == 0
        (path,) = (tmp_path / builder).glob(name)
        written = path.read_text("utf-8")
        assert "Examples are rows." in written
        assert written.index("Examples are rows.") < written.index("Examples are columns.")
        assert "layout" not in re.sub(r"(?s).*begin\{document\}", "", written)


def test_the_book_says_which_pages_have_mathematics(tmp_path):
    out = tmp_path / "out"
    assert sphinx(EXAMPLE, out, "-W", builder="epub").returncode == 0
    with ZipFile(out / "Gradients.epub") as book:
        entries = book.infolist()
        assert (entries[0].filename, entries[0].compress_type) == ("mimetype", ZIP_STORED)
        listed = book.read("content.opf").decode()
        assert listed == (out / "content.opf").read_text("utf-8")
        for item in ET.fromstring(listed).iter("{http://www.idpf.org/2007/opf}item"):
            if item.get("media-type") != "application/xhtml+xml" or item.get("id") == "nav":
                continue
            page = book.read(item.get("href")).decode()
            assert (item.get("properties") == "mathml") == ("<math" in page)
            # EPUB has MathML 3, where a fraction has no size of its own, and no switch.
            assert not re.search("<mfrac[^>]*displaystyle", page)
            assert "derive-switch" not in page
            assert page.count("Examples are columns.") == (item.get("href") == "index.xhtml")
        assert "properties" in listed
        assert not [name for name in book.namelist() if "derive-switches" in name]


def test_epubcheck_finds_nothing(tmp_path):
    program = require_program("epubcheck")
    assert sphinx(EXAMPLE, tmp_path / "out", "-W", builder="epub").returncode == 0
    # Debian's is a Java archive, which not every shell knows how to run.
    command = [program]
    if Path(program).resolve().suffix == ".jar":
        command = [require_program("java"), "-jar", str(Path(program).resolve())]
    ran = subprocess.run(
        [*command, str(tmp_path / "out" / "Gradients.epub")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_package_with_relative_imports(project, tmp_path):
    folder = project(".. gradient:: costs.squares:J")
    package = folder / "costs"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "parts.py").write_text("from derive import parameter\nr = parameter('r')\n")
    (package / "squares.py").write_text(
        "from derive import define\nfrom .parts import r\nJ = define('J', r**2)\n"
    )
    build = sphinx(folder, tmp_path / "out", "-W", "--keep-going")
    assert warnings(build) == []
    assert build.returncode == 0
    (package / "squares.py").write_text("from ..elsewhere import r\n")
    ((file, line, said),) = warnings(sphinx(folder, tmp_path / "out", "-W", "--keep-going"))
    assert (file, line) == ("index.rst", 4)
    assert "costs/squares.py:1: ImportError: attempted relative import" in said


#: What ``import derive.sphinx`` imports of derive: nothing that derives, lays out or translates.
IMPORTED = {
    *("derive", "derive.asked", "derive.cache", "derive.collector", "derive.errors"),
    *("derive.files", "derive.sphinx", "derive.sphinx.ahead", "derive.sphinx.expand"),
    *("derive.sphinx.directives", "derive.sphinx.domain", "derive.sphinx.epub"),
    "derive.sphinx.again",
    "derive.sphinx.nodes",
    *("derive.sphinx.reports", "derive.sphinx.roles", "derive.sphinx.transforms"),
    "derive.sphinx.visitors",
}


HEADINGS = """
.. derivation:: mean_loss
   :wrt: W
   :parts: {parts}
   {more}

Below
-----

.. derivation:: linear_regression
   :wrt: w
   :parts: {parts}
   :label: below
   {more}
"""


def headings(page: str) -> list[tuple[int, str]]:
    """The headings of the body of a page: their levels and their classes."""
    found = re.findall(r"<(?:h([1-6])|p)( class=\"[^\"]*rubric[^\"]*\")?>", page)
    return [(int(level), kind) for level, kind in found if level]


@pytest.mark.skipif(not HAS_HEADINGS, reason="this Sphinx has no headings but those of sections")
@pytest.mark.parametrize(
    ("parts", "expected"),
    [("any", [1, 2, 2, 3]), ("result any", [1, 2, 3, 2, 3, 4]), ("result", [1, 2, 2, 3])],
)
@pytest.mark.parametrize("builder", ["html", "singlehtml"])
def test_headings_nest_without_a_skip(builder, parts, expected, project, tmp_path):
    folder = project(HEADINGS.format(parts=parts, more=""))
    assert sphinx(folder, tmp_path / "out", "-W", builder=builder).returncode == 0
    found = headings((tmp_path / "out" / "index.html").read_text("utf-8"))
    assert [level for level, _ in found][: len(expected)] == expected
    levels = [level for level, _ in found]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_page_may_have_headings_of_its_own_in_place_of_ours(project, tmp_path):
    text = HEADINGS.format(parts="result any", more=":untitled:")
    text += "\n.. derivation:: mean_loss\n   :untitled:\n   :name: ours\n   :parts: cost\n"
    folder = project(f"{text}\nSee :ref:`ours`.\n")
    for builder, name in (("html", "index.html"), ("latex", "*.tex"), ("text", "index.txt")):
        build = sphinx(folder, tmp_path / builder, "-W", builder=builder)
        assert build.returncode == 0, build.stderr
        (path,) = (tmp_path / builder).glob(name)
        written = path.read_text("utf-8")
        assert "rubric" not in written.partition("\\begin{document}")[2]
        assert not re.search("(?m)^Any m", written)
        # What a reference calls it is its title all the same.
        assert "The mean of any loss" in written
    assert [level for level, _ in headings((tmp_path / "html/index.html").read_text("utf-8"))][
        :2
    ] == [1, 2]


def test_a_long_line_is_broken_on_a_page_and_whole_to_a_screen_reader(project, tmp_path):
    folder = project(".. derivation:: mlp\n   :wrt: W1\n   :parts: small\n")
    assert sphinx(folder, tmp_path / "html", "-W").returncode == 0
    page = (tmp_path / "html" / "index.html").read_text("utf-8")
    lines = re.findall(r'<div class="derive-line.*?</div>', page, re.DOTALL)
    broken = [line for line in lines if "<wbr />" in line]
    assert 0 < len(broken) < len(lines) / 2
    for line in lines:
        (right,) = re.findall(r'<span [^>]*class="derive-right".*?</span></span>', line, re.DOTALL)
        whole = re.findall(r'<span class="derive-whole">(<math .*?</math>)</span>', line)
        assert len(whole) == (line in broken)
        assert ('aria-hidden="true"' in right) == (line in broken)
        for formula in whole:
            assert re.search(r'alttext="[^"]* = [^"]*"|alttext="= ', formula)
    # Books may be read without our style sheet, which hides one of the two.
    assert sphinx(folder, tmp_path / "epub", builder="epub").returncode == 0
    page = (tmp_path / "epub" / "index.xhtml").read_text("utf-8")
    assert "<wbr />" in page
    assert "derive-whole" not in page
    assert "aria-hidden" not in page.partition('class="derive-line')[2].partition("</div>")[0]


def test_a_formula_stays_with_what_belongs_to_it(project, tmp_path):
    folder = project(".. derivation:: mean_loss\n   :layout: rows\n   :parts: cost matrices any\n")
    assert sphinx(folder, tmp_path / "out", "-W").returncode == 0
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    plain = re.sub(r'<math [^>]*alttext="([^"]*)".*?</math>', r"\1", page)
    plain = re.sub(r'<span class="derive-formula">([^<]*)</span>', r"\1", plain)
    kept = [each.replace("\xa0", " ") for each in re.findall(r'derive-together">([^<]*)<', plain)]
    assert "W: 1 × n" in kept
    assert "X: m × n," in kept
    assert "→ m × 1" in kept
    assert "example i" in kept
    # Nothing is lost or said twice.
    assert "X: m × n, W: 1 × n → m × 1" in re.sub("<[^>]*>", "", plain).replace("\xa0", " ")


def test_a_wide_number_stands_beside_its_line(project, tmp_path):
    require_program("pdflatex")
    reader = require_program("pdftotext")
    wide = r"\AtBeginDocument{\renewcommand\theequation{12345.\arabic{equation}}}"
    folder = project(
        ".. derivation:: mean_loss\n   :parts: small any\n",
        f"latex_elements = {{'preamble': r'{wide}'}}",
    )
    build = sphinx(folder, tmp_path / "out", "-W", builder="latex")
    assert build.returncode == 0, build.stderr
    (source,) = (tmp_path / "out").glob("*.tex")
    assert complaints(typeset("pdflatex", source, runs=2)) == []
    boxes = subprocess.run(
        [reader, "-bbox", str(source.with_suffix(".pdf")), "-"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    seen = 0
    for page in boxes.split("<page ")[1:]:
        words = [
            (float(left), (float(top) + float(bottom)) / 2, word)
            for left, top, bottom, word in re.findall(
                r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)">(.*?)</word>', page
            )
        ]
        for left, middle, word in words:
            if left > 400 and re.fullmatch(r"\(12345\.\d+\)", word) and "(5" not in word:
                seen += 1
                assert any("=" in other and abs(at - middle) < 6 for _, at, other in words), word
    assert seen > 5


def test_importing_the_extension_is_cheap():
    code = (
        "import sys, sphinx.application\nbefore = set(sys.modules)\nimport derive.sphinx\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    new = set(ran.stdout.split())
    assert {name for name in new if name.partition(".")[0] == "derive"} == IMPORTED
    assert new.isdisjoint({"sympy", "numpy", "mpmath", "rich", "matplotlib", "latex2sympy2"})
