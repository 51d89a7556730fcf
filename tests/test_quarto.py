"""The filter for Quarto and pandoc: what the command answers, and pages of the real pandoc."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from programs import complaints, require_program, typeset

from derive.catalogue import NAMES
from derive.exporters import pandoc_markdown
from derive.quarto import extension, main

EXAMPLE = Path(__file__).parent.parent / "examples" / "quarto"
FILTER = "_extensions/derive/derive.lua"

#: The labels of the mean loss by its bias, with the label ``fit`` and no other part.
LEMMAS = "eq-fit-lemma-1, eq-fit-lemma-2, eq-fit-lemma-3, eq-fit-lemma-4"


# The command -------------------------------------------------------------------------------------


def test_it_answers_in_markdown_and_keeps_the_answer(tmp_path, capsys):
    asked = ["gradient", str(tmp_path), "problem=linear_regression", "label=fit"]
    assert main(asked) == 0
    answer = capsys.readouterr().out
    assert re.findall(r"^\$\$ \{#(.*)\}$", answer, re.MULTILINE) == ["eq-fit-w", "eq-fit-b"]
    assert main(asked) == 0
    assert capsys.readouterr().out == answer
    assert len([*(tmp_path / ".derive-cache").rglob("*.json")]) == 2
    assert main(["inline", str(tmp_path), "problem=mean_loss", "wrt=b"]) == 0
    assert capsys.readouterr().out.startswith("$")
    assert main(["derivation", str(tmp_path), "problem=mean_loss", "heading=3", "m=2"]) == 0
    assert capsys.readouterr().out.startswith("### ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "use: derive-quarto"),
        (["nothing", "."], "use: derive-quarto"),
        (["derivation", "."], "say what is derived"),
        (["derivation", ".", "--help"], "'--help' is no option; write name=value"),
        (["derivation", ".", "problem=a", "problem=b"], "the option problem stands twice"),
        (["derivation", ".", "problem=mean_los"], "did you mean mean_loss"),
        (["derivation", ".", "problem=mean_loss", "detial=full"], "did you mean detail"),
        (["derivation", ".", "problem=mean_loss", "heading=x"], "heading=x is no whole number"),
        (["derivation", ".", "problem=mean_loss", "label=a b"], "cannot be the prefix of a label"),
        (["gradient", ".", "problem=mean_loss", "detail=full"], "a result has no option detail"),
        (["derivation", ".", "problem=../costs.py:J"], "outside the source folder"),
        (["install", "nowhere"], "there is no folder nowhere"),
    ],
)
def test_a_mistake_is_one_line(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    answer = capsys.readouterr().out
    assert words in answer
    assert answer.count("\n") == 1


def test_the_extension_is_installed_and_is_that_of_the_example(tmp_path, capsys):
    assert main(["install", str(tmp_path)]) == 0
    assert "filters: [derive]" in capsys.readouterr().out
    place = tmp_path / "_extensions" / "derive"
    assert {file.name: file.read_text("utf-8") for file in place.iterdir()} == extension()
    assert (EXAMPLE / FILTER).read_text("utf-8") == extension()["derive.lua"]


def test_signs_among_words_are_mathematics(derivation_of):
    for name in NAMES:
        text = re.sub(r"\$.*?\$", "", pandoc_markdown.export(derivation_of(name)), flags=re.DOTALL)
        assert not re.search("[⁻⁰¹²³⁴-⁹∂Σ⊙⊘𝟏√≥≤∈]", text)


# Pages -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def derived(tmp_path_factory):
    """The example once its derivations are made, so that they are not made for each test."""
    folder = Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("quarto") / "project"))
    assert pandoc(folder, "-t", "html").returncode == 0
    return folder


@pytest.fixture
def project(derived, tmp_path):
    return Path(shutil.copytree(derived, tmp_path / "project"))


def pandoc(folder, *arguments, page="index.qmd", lua=FILTER):
    """Run the real pandoc, with the command of this Python on the path."""
    program = require_program("pandoc")
    shims = folder.parent / "commands"
    shims.mkdir(exist_ok=True)
    shim = shims / "derive-quarto"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m derive.quarto "$@"\n')
    shim.chmod(0o755)
    return subprocess.run(
        [program, page, "--from=markdown", "--wrap=none", "--lua-filter", lua, *arguments],
        cwd=folder,
        env={**os.environ, "PATH": f"{shims}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("mathematics", ["--mathml", "--mathjax"])
def test_the_example_as_html(mathematics, project):
    done = pandoc(project, "-t", "html", mathematics)
    assert (done.returncode, done.stderr) == (0, "")
    page = done.stdout
    ids = re.findall(r'<span id="(eq-[^"]*)"', page)
    assert len(set(ids)) == len(ids) > 10
    links = re.findall(r'<a href="#(eq-[^"]*)">\((\d+)\)</a>', page)
    assert {"eq-softmax", "eq-logistic-small-w-4", "eq-fit-lemma-3"} <= {name for name, _ in links}
    for name, number in links:
        assert number == str(ids.index(name) + 1)
    assert "{#eq-" not in page
    assert "@eq-" not in page
    assert page.count("<math" if mathematics == "--mathml" else r'<span class="math') > 50
    assert (r"\textcolor" in page) == (mathematics == "--mathjax")
    assert 'id="logistic" class="derivation"' in page
    headings = re.findall(r'id="([\w-]+-section-\d+)"', page)
    assert {"logistic-section-1", "fit-section-1"} <= set(headings)
    every_id = re.findall(r'\bid="([^"]*)"', page)
    assert len(set(every_id)) == len(every_id)


def test_the_example_as_latex_compiles(project):
    require_program("pdflatex")
    done = pandoc(project, "-s", "-V", "geometry:margin=1in", "-o", "index.tex")
    assert (done.returncode, done.stderr) == (0, "")
    assert complaints(typeset("pdflatex", project / "index.tex", runs=2)) == []


def test_the_example_as_docx_has_all_its_formulas(project):
    # What pandoc cannot translate is a warning.
    done = pandoc(project, "-o", "index.docx")
    assert (done.returncode, done.stderr) == (0, "")
    assert (project / "index.docx").stat().st_size > 10_000


def test_within_quarto_labels_and_references_are_left_to_it(project):
    (project / "quarto.lua").write_text(
        "quarto = {doc = {input_file = 'index.qmd'}, project = {directory = '.'}}\n"
        f"return dofile('{FILTER}')\n",
        encoding="utf-8",
    )
    done = pandoc(project, "-t", "json", lua="quarto.lua")
    assert (done.returncode, done.stderr) == (0, "")
    elements = [*every(json.loads(done.stdout)["blocks"])]
    labels = []
    for block in elements:
        if block.get("t") != "Para":
            continue
        for mathematics, space, name in zip(
            block["c"], block["c"][1:], block["c"][2:], strict=False
        ):
            # As crossref/equations.lua of Quarto looks for them.
            if mathematics["t"] == "Math" and mathematics["c"][0]["t"] == "DisplayMath":
                assert space["t"] == "Space"
                assert re.fullmatch(r"\{#eq-[A-Za-z0-9-]+\}", name["c"])
                labels.append(name["c"][2:-1])
    assert len(set(labels)) == len(labels) > 10
    cited = {
        each["citationId"] for cite in elements if cite.get("t") == "Cite" for each in cite["c"][0]
    }
    assert cited <= set(labels)
    assert "eq-fit-lemma-3" in cited


def every(value):
    if isinstance(value, dict):
        yield value
        value = [*value.values()]
    if isinstance(value, list):
        for each in value:
            yield from every(each)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("::: {.derivation problem=logistic_regresion}\n:::", "did you mean logistic_regression"),
        ("::: {.derivation problem=mean_loss detial=full}\n:::", "did you mean detail"),
        ("::: {.derivation}\n:::", "say what is derived"),
        ("::: {.derivation problem=mean_loss}\nwords\n:::", "has no content of its own"),
        ("[mean_loss wrt q]{.gradient}", "no quantity 'q'"),
        ("::: {.gradient problem=mean_loss label=a}\n:::\n" * 2, "two equations have the label"),
        ("See @eq-nowhere.", "there is no equation eq-nowhere\n"),
        (
            "::: {.derivation problem=mean_loss wrt=b label=fit parts=any}\n:::\n@eq-fit-lemma-9",
            f"there is no equation eq-fit-lemma-9; there are {LEMMAS}\n",
        ),
        (
            "::: {.gradient problem=mean_loss label=mine}\n:::\nSee @eq-mine.",
            "there is no equation eq-mine; there are eq-mine-W, eq-mine-b\n",
        ),
        ("$$a$$ {#eq-a}\n\n$$b$$ {#eq-a}", "two equations have the label eq-a"),
    ],
)
def test_a_mistake_ends_the_page(text, words, project):
    (project / "wrong.qmd").write_text(f"{text}\n", encoding="utf-8")
    done = pandoc(project, "-t", "html", page="wrong.qmd")
    assert done.returncode == 83
    assert words in done.stderr
    assert re.fullmatch(r"derive: .+\n", done.stderr)
    assert done.stdout == ""


def test_hostile_attributes_reach_no_shell(project):
    hostile = "$(touch made); touch made; `touch made` | touch made && touch made"
    for text in (
        f'::: {{.derivation problem="{hostile}"}}\n:::',
        f'::: {{.derivation problem=mean_loss wrt="{hostile}"}}\n:::',
        f"[{hostile}]{{.gradient}}",
        f'::: {{.derivation problem=mean_loss look="{hostile}"}}\n:::',
        '::: {.derivation problem="--help"}\n:::',
    ):
        (project / "wrong.qmd").write_text(f"{text}\n", encoding="utf-8")
        assert pandoc(project, "-t", "html", page="wrong.qmd").returncode != 0
    assert not (project / "made").exists()


def test_hostile_words_stay_words(project):
    (project / "own.py").write_text(
        "import derive\nw = derive.parameter('w', meaning='<script>x</script> @eq-a {#eq-b} $y$')\n"
        "J = derive.problem(derive.define('J', w ** 2), name='J', title='<b>t</b> 10⁻⁹3')\n",
        encoding="utf-8",
    )
    (project / "own.qmd").write_text("::: {.derivation problem='own.py:J'}\n:::\n", "utf-8")
    done = pandoc(project, "-t", "html", "--mathml", page="own.qmd")
    assert (done.returncode, done.stderr) == (0, "")
    assert "<script>" not in done.stdout
    assert "<b>t" not in done.stdout
    assert "&lt;script&gt;x&lt;/script&gt; @eq-a {#eq-b} $y$" in done.stdout


def test_the_head_of_a_page_has_options_for_all(project):
    (project / "own.qmd").write_text(
        "---\nderive:\n  layout: rows\n  parts: matrices\n---\n\n"
        "::: {.derivation problem=mean_loss}\n:::\n\n"
        "::: {.derivation problem=mean_loss layout=columns label=b}\n:::\n",
        encoding="utf-8",
    )
    page = pandoc(project, "-t", "plain", page="own.qmd").stdout
    assert page.count("EXAMPLES ARE ROWS") + page.count("Examples are rows") == 1
    assert page.count("EXAMPLES ARE COLUMNS") + page.count("Examples are columns") == 1


def test_a_page_that_is_made_again_derives_nothing(project):
    cache = project / ".derive-cache"
    page = pandoc(project, "-t", "html", "--mathml").stdout
    made = {path: path.read_bytes() for path in cache.rglob("*.json")}
    assert len(made) >= 8
    assert pandoc(project, "-t", "html", "--mathml").stdout == page
    assert {path: path.read_bytes() for path in cache.rglob("*.json")} == made


def test_without_the_command_that_is_said(project):
    program = require_program("pandoc")
    done = subprocess.run(
        [program, "index.qmd", "-f", "markdown", "--lua-filter", FILTER],
        cwd=project,
        env={**os.environ, "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 83
    assert re.fullmatch(r"derive: derive-quarto cannot be run.*\n", done.stderr)


def test_within_quarto_a_label_that_a_derivation_has_not_is_a_warning(project):
    (project / "quarto.lua").write_text(
        f"quarto = {{project = {{directory = '.'}}}}\nreturn dofile('{FILTER}')\n", "utf-8"
    )
    (project / "own.qmd").write_text(
        "::: {.gradient problem=mean_loss label=other}\n:::\n\n"
        "::: {.derivation problem=mean_loss wrt=b label=fit parts=any}\n:::\n\n"
        "See @eq-fit-lemma-1, @eq-fit-lemma-9, @eq-fit-mine, and @eq-elsewhere-lemma-1.\n",
        encoding="utf-8",
    )
    done = pandoc(project, "-t", "json", page="own.qmd", lua="quarto.lua")
    assert done.returncode == 0
    assert done.stderr == (
        f"WARNING: derive: there is no equation eq-fit-lemma-9; there are {LEMMAS}\n"
    )


ROOT_COST = """\
import derive
i = derive.indices("i:m")
x, y = derive.data("x[i]", "y[i]")
w, b = derive.parameter("w"), derive.parameter("b")
e = derive.define("e[i]", w * x[i] + b - y[i], meaning="error of example i")
L = derive.define("L[i]", derive.sqrt(1 + e[i] ** 2), meaning="loss of example i")
J = derive.define("J", derive.mean(L[i], over=i), meaning="cost")
"""


@pytest.mark.parametrize("form", ["html", "docx", "epub"])
def test_roots_and_vectors_of_ones_are_translated(form, project):
    (project / "own.py").write_text(ROOT_COST, "utf-8")
    (project / "own.qmd").write_text(
        "---\ntitle: Own\nheader-includes: <!-- theirs -->\n---\n"
        "::: {.derivation problem='own.py:J' detail=full}\n:::\n",
        encoding="utf-8",
    )
    done = pandoc(project, "-s", "--mathml", "-o", f"own.{form}", page="own.qmd")
    # What pandoc cannot translate is a warning, and TeX on the page.
    assert (done.returncode, done.stderr) == (0, "")
    if form != "html":
        return
    page = (project / "own.html").read_text("utf-8")
    mathematics = re.sub("<annotation.*?</annotation>", "", page, flags=re.DOTALL)
    assert "derivative of" in mathematics
    assert "<mi>𝟏</mi>" in mathematics
    assert not re.search(r'"bold"><mn>1</mn>|class="math inline">\$|\\surd', mathematics)
    assert page.count("menclose[notation~=box]") == 1
    assert "<!-- theirs -->" in page
    assert '<menclose notation="box">' in mathematics


def test_what_the_documentation_shows_has_the_labels_it_refers_to(project):
    guide = (EXAMPLE.parents[1] / "docs" / "howto" / "documentation.md").read_text("utf-8")
    (shown,) = re.findall(r"^```md\n(:::.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    (project / "own.qmd").write_text(shown, "utf-8")
    done = pandoc(project, "-t", "html", "--mathml", page="own.qmd")
    assert (done.returncode, done.stderr) == (0, "")
    assert '<a href="#eq-fit-lemma-5">' in done.stdout
