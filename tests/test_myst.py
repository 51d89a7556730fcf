"""The plugin of MyST: what it answers, and pages that the real mystmd builds."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from programs import complaints, require_program, typeset

from derive.catalogue import NAMES
from derive.errors import InputError
from derive.exporters import mdast
from derive.mystmd import main, specification

EXAMPLE = Path(__file__).parent.parent / "examples" / "myst"

#: What mystmd reads from a plugin at most.
LARGEST = 1024 * 1024


def walk(node):
    yield node
    for child in node.get("children", ()):
        yield from walk(child)


def nodes_of(children):
    return [each for child in children for each in walk(child)]


def text_of(node):
    return "".join(each.get("value", "") for each in walk(node))


# Nodes -------------------------------------------------------------------------------------------

#: The nodes of the MyST specification that are used here.
KINDS = {
    *("heading", "paragraph", "text", "strong", "inlineMath", "math", "crossReference"),
    *("list", "listItem", "table", "tableRow", "tableCell", "tabSet", "tabItem"),
}


@pytest.mark.parametrize("name", NAMES)
def test_nodes_are_myst_s_own_and_references_have_their_targets(name, derivation_of):
    for detail in ("brief", "full"):
        nodes = nodes_of(mdast.export(derivation_of(name), detail=detail, tabs=True))
        assert {node["type"] for node in nodes} <= KINDS
        labels = Counter(
            node["identifier"] for node in nodes if node["type"] == "math" and "label" in node
        )
        assert labels
        assert set(labels.values()) == {1}
        targets = {node["identifier"] for node in nodes if node["type"] == "crossReference"}
        assert targets <= set(labels)
        for node in nodes:
            if node["type"] == "math":
                assert node["enumerated"] == ("label" in node)
            if node["type"] in ("math", "inlineMath"):
                assert "derivetrack" not in node["value"]
                assert "`" not in node["value"]
            if node["type"] == "text":
                # Fonts of text lack these.
                assert not re.search("[⁻⁰¹²³⁴-⁹∂Σ⊙⊘𝟏√≥≤∈]", node["value"]), node["value"]
        assert (
            len(json.dumps(nodes[:1] and mdast.export(derivation_of(name), detail=detail)))
            < LARGEST
        )


def test_a_table_has_as_many_cells_in_each_row(derivation_of):
    nodes = nodes_of(mdast.export(derivation_of("softmax_regression")))
    tables = [node for node in nodes if node["type"] == "table"]
    assert tables
    for table in tables:
        assert len({len(row["children"]) for row in table["children"]}) == 1


def test_layouts_follow_each_other_or_are_tabs(derivation_of):
    derivation = derivation_of("linear_regression")
    plain = nodes_of(mdast.export(derivation, parts=("matrices",)))
    tabs = nodes_of(mdast.export(derivation, parts=("matrices",), tabs=True))
    assert [node["title"] for node in tabs if node["type"] == "tabItem"] == [
        "examples are rows",
        "examples are columns",
    ]
    assert "tabItem" not in {node["type"] for node in plain}
    assert sum(n["type"] == "table" for n in plain) == sum(n["type"] == "table" for n in tabs) == 2


def test_headings_have_no_colour_and_nest(derivation_of):
    headings = [
        node
        for node in nodes_of(
            mdast.export(derivation_of("logistic_regression"), label="a", heading=3)
        )
        if node["type"] == "heading"
    ]
    assert [node["depth"] for node in headings] == [3] + [4] * (len(headings) - 1)
    assert headings[0]["identifier"] == "a"
    assert "textcolor" not in "".join(map(text_of, headings))
    assert r"\frac{1}{m}" in "".join(map(text_of, headings))


def test_results_have_the_label_itself_if_there_is_one(derivation_of):
    both = mdast.results(derivation_of("linear_regression"), label="fit")
    assert [node["label"] for node in both] == ["fit:w", "fit:b"]
    assert all(not node["enumerated"] for node in mdast.results(derivation_of("mlp")))


def test_each_rule_is_a_target_of_its_own():
    (glossary,) = mdast.rules()
    terms = [node for node in glossary["children"] if node["type"] == "definitionTerm"]
    labels = [node["identifier"] for node in terms]
    assert len(set(labels)) == len(labels) > 20
    assert mdast.rule_reference("chain rule")["identifier"] in labels
    with pytest.raises(InputError, match="did you mean chain rule"):
        mdast.rule_reference("chain rul")


# Calls -------------------------------------------------------------------------------------------


@pytest.fixture
def call(tmp_path, monkeypatch, capfdbinary):
    """Call the plugin as mystmd does, in an empty folder: its status, its answer, its complaint."""
    monkeypatch.chdir(tmp_path)

    def called(kind, name, data):
        given = io.TextIOWrapper(io.BytesIO(json.dumps(data).encode()), encoding="ascii")
        monkeypatch.setattr(sys, "stdin", given)
        status = main([f"--{kind}", name])
        out, err = capfdbinary.readouterr()
        return status, json.loads(out) if out else None, err.decode()

    return called


def directive(argument, options=None, **more):
    return {
        "arg": argument,
        "options": options or {},
        "node": {"position": {"start": {"line": 7}}, "options": options or {}, **more},
    }


def test_without_arguments_it_says_what_it_has(capfdbinary):
    assert main([]) == 0
    assert json.loads(capfdbinary.readouterr().out) == specification()
    for each in (*specification()["directives"], *specification()["roles"]):
        assert each["doc"]


def test_a_directive_and_a_role_are_answered(call, tmp_path):
    options = {"wrt": "b", "parts": "result any", "label": "a", "class": "wide", "tabs": True}
    status, (box,), complaint = call("directive", "derivation", directive("mean_loss", options))
    assert (status, complaint, box["type"], box["class"]) == (0, "", "div", "wide")
    assert box["children"][0]["type"] == "heading"
    again = call("directive", "derivation", directive("mean_loss", options))
    assert again == (0, [box], "")
    status, nodes, _ = call("role", "gradient", {"body": "linear_regression"})
    assert [node["type"] for node in nodes] == ["inlineMath", "text", "inlineMath"]
    status, (node,), _ = call("role", "rule", {"body": "chain\nrule"})
    assert node["type"] == "crossReference"
    assert len([*(tmp_path / "_build" / "derive-cache").rglob("*.json")]) == 4


MISTAKES = [
    ("logistic_regresion", {}, "did you mean logistic_regression"),
    ("", {}, "say what is derived"),
    ("mean_loss", {"detial": "full"}, "there is no option detial; did you mean detail"),
    ("mean_loss", {"detail": "long"}, "detail='long' is none of brief, normal, full"),
    ("mean_loss", {"sizes": "Q=3"}, "no size 'Q'"),
    ("mean_loss", {"wrt": "q"}, "no quantity 'q'"),
    ("mean_loss", {"label": "a b"}, "cannot be the prefix of a label"),
    ("mean_loss", {"heading": "9"}, "heading=9 is no level"),
    ("mean_loss", {"tabs": "maybe"}, "tabs=maybe is neither true nor false"),
    ("mean_loss", {"look": "w"}, "no choice of a look"),
    ("../costs.py:J", {}, "outside the source folder"),
]


@pytest.mark.parametrize(("argument", "options", "words"), MISTAKES)
def test_a_mistake_is_one_line_with_its_place(argument, options, words, call):
    status, answer, complaint = call("directive", "derivation", directive(argument, options))
    assert (status, answer) == (2, None)
    assert words in complaint
    assert complaint.startswith("derive: line 7: directive derivation: ")
    assert complaint.count("\n") == 1


def test_a_failed_check_has_a_status_of_its_own(call, monkeypatch):
    from derive import gradients
    from derive.errors import CheckFailed

    def failing(*_, **__):
        raise CheckFailed("the rule\nis wrong")

    monkeypatch.setattr(gradients, "gradient", failing)
    status, answer, complaint = call("role", "gradient", {"body": "mean_loss wrt b"})
    assert (status, answer) == (1, None)
    assert complaint == "derive: role gradient: the rule is wrong\n"


@pytest.mark.parametrize(
    "arguments", [["--directive", "nothing"], ["--role"], ["--transform", "a"]]
)
def test_what_it_has_not_is_refused(arguments, capsys):
    assert main(arguments) == 2
    assert "plugin of mystmd" in capsys.readouterr().err


def test_hostile_words_stay_words(call, tmp_path):
    (tmp_path / "own.py").write_text(
        "import derive\n"
        "w = derive.parameter('w', meaning='<script>alert(1)</script> {eq}`x` $y$')\n"
        "J = derive.problem(derive.define('J', w ** 2), name='J', title='<b>\\x1b[1mt</b>')\n"
    )
    status, nodes, _ = call("directive", "derivation", directive("own.py:J"))
    assert status == 0
    every = nodes_of(nodes)
    assert {node["type"] for node in every} <= KINDS
    assert any("<script>alert(1)</script> {eq}`x` $y$" in text_of(node) for node in every)
    assert "\x1b" not in json.dumps(nodes, ensure_ascii=False)


# Pages -------------------------------------------------------------------------------------------

#: A theme of nothing: the real ones are downloaded.
THEME = """\
jtex: v1
myst: v1
version: 1.0.0
kind: site
title: none
build:
  install: "true"
  start: "true"
"""


@pytest.fixture
def project(tmp_path):
    """The example, with a theme that is there already."""
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "project"))
    configuration = folder / "myst.yml"
    settings = configuration.read_text(encoding="utf-8")
    assert "template: book-theme" in settings
    configuration.write_text(settings.replace("book-theme", "./theme"), encoding="utf-8")
    (folder / "theme").mkdir()
    (folder / "theme" / "template.yml").write_text(THEME, encoding="utf-8")
    return folder


def myst(folder, *arguments):
    """Run the real mystmd, with the plugin of this Python on the path."""
    require_program("node")
    beside = Path(sys.executable).with_name("myst")
    program = str(beside) if beside.is_file() else require_program("myst")
    shims = folder.parent / "commands"
    shims.mkdir(exist_ok=True)
    shim = shims / "derive-myst"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m derive.mystmd "$@"\n')
    shim.chmod(0o755)
    return subprocess.run(
        [program, "build", *arguments],
        cwd=folder,
        env={**os.environ, "PATH": f"{shims}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def page_of(folder, name):
    written = (folder / "_build" / "site" / "content" / f"{name}.json").read_text("utf-8")
    return [*walk(json.loads(written)["mdast"])]


def test_the_example_is_built(project):
    built = myst(project, "--site", "--strict")
    assert built.returncode == 0, built.stdout + built.stderr
    assert not re.search("⛔|⚠", built.stdout + built.stderr)
    nodes = page_of(project, "index")
    assert not [node for node in nodes if "Error" in node["type"]]
    numbers = {
        node["identifier"]: node["enumerator"]
        for node in nodes
        if node["type"] == "math" and "identifier" in node
    }
    assert numbers["softmax"] == "1"
    assert sorted(map(int, numbers.values())) == list(range(1, len(numbers) + 1))
    references = [node for node in nodes if node["type"] == "crossReference"]
    assert len(references) > 5
    for node in references:
        assert node["resolved"] is True
        if node["identifier"] in numbers:
            assert text_of(node) == f"({numbers[node['identifier']]})"
    assert {"logistic", "rule-chain-rule", "logistic:small:w:4"} <= {
        node["identifier"] for node in references
    }
    # KaTeX has read every formula.
    formulas = [node for node in nodes if node["type"] in ("math", "inlineMath")]
    assert len(formulas) > 50
    assert all("katex-error" not in node["html"] for node in formulas)
    own = page_of(project, "own")
    assert any(node.get("identifier") == "fit:lemma:3" for node in own)
    # Nothing is derived again.
    cache = project / "_build" / "derive-cache"
    made = {path: path.stat().st_mtime_ns for path in cache.rglob("*.json")}
    assert len(made) == 8
    assert myst(project, "--site", "--strict").returncode == 0
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.json")} == made


def test_what_the_documentation_shows_has_the_labels_it_refers_to(project):
    guide = (EXAMPLE.parents[1] / "docs" / "howto" / "documentation.md").read_text("utf-8")
    (shown,) = re.findall(r"^````md\n(:::.*?)^````$", guide, re.MULTILINE | re.DOTALL)
    (project / "own.md").write_text(f"# Own\n\n{shown}", "utf-8")
    built = myst(project, "--site", "--strict")
    assert built.returncode == 0, built.stdout + built.stderr
    references = [node for node in page_of(project, "own") if node["type"] == "crossReference"]
    assert [node["identifier"] for node in references if node["resolved"]][-1] == "fit:lemma:5"


WRONG = {
    ":::{derivation} logistic_regresion\n:::": "did you mean logistic_regression",
    ":::{derivation} mean_loss\n:detial: full\n:::": "there is no option detial",
    "A {gradient}`mean_loss wrt q`.": "no quantity 'q'",
    "A {rule}`chain rul`.": "did you mean chain rule",
}


def test_mistakes_fail_a_strict_build(project):
    configuration = project / "myst.yml"
    settings = configuration.read_text(encoding="utf-8")
    for number, text in enumerate(WRONG):
        (project / f"wrong{number}.md").write_text(f"# Wrong\n\n{text}\n", encoding="utf-8")
        listed = f"    - file: wrong{number}.md\nsite:"
        settings = settings.replace("site:", listed)
    configuration.write_text(settings, encoding="utf-8")
    built = myst(project, "--site", "--strict")
    said = built.stdout + built.stderr
    assert built.returncode != 0
    assert "Site has 4 errors" in said
    for number, words in enumerate(WRONG.values()):
        assert f"wrong{number}.md" in said
        assert words in said
    assert said.count("derive: line 3: ") >= 4
    # Without --strict the other pages are built, and these are left out with an error each.
    assert page_of(project, "index")
    assert not (project / "_build" / "site" / "content" / "wrong0.json").exists()


def test_the_exports_that_need_no_template(project):
    require_program("pdflatex")
    built = myst(project, "--md", "--tex", "--force")
    said = built.stdout + built.stderr
    assert built.returncode == 0, said
    assert not re.search("⛔|⚠", said)
    exports = project / "_build" / "exports"
    page = (exports / "index.md").read_text("utf-8")
    assert ":label: logistic:small:w:4" in page
    # mystmd rounds the widths of three columns to 0.334 each: 0.002 of a line is its own surplus.
    (exports / "page.tex").write_text(
        "\\documentclass{article}\n\\usepackage[margin=20mm]{geometry}\n"
        "\\usepackage{amsmath,amssymb,booktabs,xcolor,hyperref}\n"
        "\\hfuzz=0.0025\\textwidth\n\\begin{document}\n\\input{index}\n\\end{document}\n",
        encoding="utf-8",
    )
    assert complaints(typeset("pdflatex", exports / "page.tex", runs=2)) == []
