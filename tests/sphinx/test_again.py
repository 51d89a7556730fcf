"""Builds after the first one: what was wrong is said again, and nothing else is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="Sphinx is not installed")
pytest.importorskip("myst_parser", reason="MyST-Parser is not installed")

from builds import sphinx, warnings, write

from derive.document import lines
from derive.rules import RULES

DOCS = Path(__file__).parents[2] / "docs"

GOOD = ".. derivation:: mean_loss\n   :wrt: b\n   :label: good\n\nSee :eq:`good:lemma:4`.\n"

#: Pages with a warning, each with a word of it.
WRONG = {
    "an unknown name": (".. derivation:: mean_los", "did you mean mean_loss"),
    "a role": ("The :gradient:`mean_loss wrt q`.", "no quantity 'q'"),
    "a rule": (":rule:`chain rul`", "there is no rule called"),
    "labels of one page": (".. gradient:: mean_loss\n   :label: a\n\n" * 2, "labelled a already"),
    "labels of two pages": (".. derivation:: mean_loss\n   :label: good\n", "that of one in"),
    "an unknown equation": (":eq:`good:lemma:9`", "there is no equation good:lemma:9; there are"),
}

COSTS = """\
import derive

i, j = derive.indices("i:m", "j:n")
x, y = derive.data("x[i,j]", "y[i]")
w, b = derive.parameters("w[j]", "b")
z = derive.define("z[i]", derive.sum(w[j] * x[i, j], over=j) + b, meaning="prediction")
L = derive.define("L[i]", (z[i] - y[i]) ** 2, meaning="loss of example i")
J = derive.define("J", derive.mean(L[i], over=i), meaning="cost")
"""


def project(folder, text):
    """Enough pages for several processes, one of them with the text."""
    others = {f"other{number}": "Words." for number in range(8)}
    contents = ".. toctree::\n\n   good\n   second\n" + "".join(f"   {n}\n" for n in others)
    return write(folder, index=contents, good=GOOD, second=text, **others)


def said(build):
    """The warnings of ours; Sphinx has its own of a reference that leads nowhere, once a page."""
    return [each for each in warnings(build) if "equation not found" not in each[2]]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_fails_each_build_until_it_is_mended(name, jobs, tmp_path):
    text, words = WRONG[name]
    folder = project(tmp_path / "project", text)
    first = sphinx(folder, tmp_path / "out", jobs=jobs)
    assert any(words in message for *_, message in said(first)), first.stderr
    second = sphinx(folder, tmp_path / "out", "-W", "--keep-going", jobs=jobs)
    assert second.returncode != 0
    assert said(second) == said(first)
    assert "0 added, 1 changed, 0 removed" in second.stdout
    (folder / "second.rst").write_text("Title\n=====\n\nWords.\n", "utf-8")
    mended = sphinx(folder, tmp_path / "out", "-W", "--keep-going", jobs=jobs)
    assert mended.returncode == 0, mended.stderr
    last = sphinx(folder, tmp_path / "out", "-W", jobs=jobs)
    assert last.returncode == 0
    assert "0 added, 0 changed, 0 removed" in last.stdout


def test_a_warning_that_is_not_wanted_reads_nothing_again(tmp_path):
    folder = project(tmp_path / "project", WRONG["labels of one page"][0])
    configuration = folder / "conf.py"
    configuration.write_text(
        configuration.read_text("utf-8") + "suppress_warnings = ['derive.label']\n", "utf-8"
    )
    assert sphinx(folder, tmp_path / "out", "-W").returncode == 0
    assert "0 added, 0 changed, 0 removed" in sphinx(folder, tmp_path / "out", "-W").stdout


def test_a_page_that_is_gone_is_no_failure(tmp_path):
    folder = project(tmp_path / "project", ".. derivation:: mean_los")
    sphinx(folder, tmp_path / "out")
    (folder / "second.rst").unlink()
    index = folder / "index.rst"
    index.write_text(index.read_text("utf-8").replace("   second\n", ""), "utf-8")
    done = sphinx(folder, tmp_path / "out", "-W", "--keep-going")
    assert done.returncode == 0, done.stderr


def test_an_unknown_equation_is_said_with_those_there_are(tmp_path):
    text = (
        ".. gradient:: mean_loss\n   :label: mine\n\nSee :eq:`mine`, :eq:`mine:W`,\n"
        ":eq:`goods:lemma:1` and :eq:`nowhere`.\n"
    )
    build = sphinx(project(tmp_path / "project", text), tmp_path / "out")
    (found,) = said(build)
    assert found[:2] == ("second.rst", 7)
    assert found[2].startswith("there is no equation mine; there are mine:W, mine:b")


@pytest.mark.parametrize("page", ["howto/documentation.md", "documents.md"])
def test_what_the_documentation_shows_builds(page, tmp_path):
    guide = (DOCS / page).read_text("utf-8")
    (rst,) = re.findall(r"^```rst\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    if "derivation-rules" not in rst:
        rst += "\n.. derivation-rules::\n"
    folder = write(tmp_path / "project", index=rst, my_costs__py=COSTS)
    build = sphinx(folder, tmp_path / "out", "-W")
    assert build.returncode == 0, build.stderr
    markdown = re.findall(r"^````md\n(```\{derivation.*?)^````$", guide, re.MULTILINE | re.DOTALL)
    assert len(markdown) == (page == "howto/documentation.md")
    for text in markdown:
        (folder / "conf.py").write_text("extensions = ['myst_parser', 'derive.sphinx']\n", "utf-8")
        (folder / "index.rst").unlink()
        (folder / "index.md").write_text(
            f"# Title\n\n{text}\n\n```{{derivation-rules}}\n```\n", "utf-8"
        )
        build = sphinx(folder, tmp_path / "markdown", "-W")
        assert build.returncode == 0, build.stderr


def test_the_glossary_explains_every_rule_whose_name_is_not_at_the_margin():
    text = (DOCS / "rules.md").read_text("utf-8")
    explained = set(re.findall(r"\{rule\}`([^`]*)`", text))
    assert explained <= set(RULES)
    assert explained >= lines._BY_REASON | lines._SAYS_ALL


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_check_that_failed_fails_the_next_build_too(jobs, tmp_path):
    from test_builds import WRONG_RULE

    folder = project(tmp_path / "project", ".. gradient:: linear_regression\n   :wrt: w")
    configuration = folder / "conf.py"
    configuration.write_text(f"{configuration.read_text('utf-8')}\n{WRONG_RULE}\n", "utf-8")
    for _ in range(2):
        build = sphinx(folder, tmp_path / "out", "-W", "--keep-going", jobs=jobs)
        assert build.returncode != 0
        assert any("power rule" in message for *_, message in said(build)), build.stderr
    assert "0 added, 1 changed, 0 removed" in build.stdout
