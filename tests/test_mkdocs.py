"""Fences of Markdown as derivations, and a site that MkDocs builds."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

import derive.gradients
from derive.asked import Asked, Request
from derive.errors import CheckFailed, InputError
from derive.mkdocs import Fences, Hooks, read_fence

EXAMPLE = Path(__file__).parent.parent / "examples" / "mkdocs"


def require(name):
    """Skip where a package is missing, but not in continuous integration."""
    if find_spec(name) is None:
        message = f"{name} is not installed"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


class Markdown:
    """Stands for the converter of one page."""


# What a fence asks for ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "request_"),
    [
        ("mlp", Request(Asked("mlp"))),
        ("own/problems.py:J", Request(Asked("own/problems.py:J"))),
        ("C:\\own.py:J", Request(Asked("C:\\own.py:J"))),
        ("name: own.py:J\n\n# why\nwrt: w, b", Request(Asked("own.py:J", ("w", "b")))),
        ("name: 'mlp'\nlook: w=theta", Request(Asked("mlp"), look="w=theta")),
        ("mlp\nm: 3", Request(Asked("mlp", (), (("m", 3),)))),
    ],
)
def test_what_is_asked(source, request_):
    assert read_fence(source) == request_


def test_the_header_of_a_fence_has_options_too():
    assert read_fence("mlp", {"m": "3"}) == read_fence("mlp\nm: 3")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "say what is derived"),
        ("mlp\nname: mlp", "name is given twice"),
        ("mlp\nlayuot: rows", "did you mean layout"),
        ("mlp\nm: many", "is no size"),
        ("mlp\nm: 3\nsizes: m=4", "the size m is given twice"),
    ],
)
def test_what_cannot_be_asked(source, message):
    with pytest.raises(InputError, match=message):
        read_fence(source)


# Fences ------------------------------------------------------------------------------------------


def test_a_fence_is_html_and_two_have_their_own_labels():
    fences, page = Fences(), Markdown()
    first = fences.fence("mean_loss\nparts: result", page)
    assert "<math" in first
    assert fences.fence("mean_loss\nparts: result", Markdown()) == first
    fences.fence("mean_loss\nparts: result", page)
    assert fences._on_page[page].labels == ["mean_loss", "mean_loss-2"]


def test_numbers_go_on_through_the_page():
    fences, page = Fences(), Markdown()
    written = [
        fences.fence("logistic_regression\nwrt: w", page),
        fences.fence("<no>", page),
        fences.fence("mean_loss\nparts: result, any", page),
    ]
    numbers = re.findall(r'<span class="derive-number">\((\d+)\)', "".join(written))
    # A line that stands in two views has one number.
    assert list(dict.fromkeys(numbers)) == [str(n) for n in range(1, len(set(numbers)) + 1)]
    for part in written[::2]:
        ids = {}
        for line in re.findall(
            r'<div class="derive-line[^>]* id="[^"]*".*?</div>', part, re.DOTALL
        ):
            if number := re.search(r'<span class="derive-number">(\(\d+\))', line):
                ids[re.search(r' id="([^"]*)"', line)[1]] = number[1]
        references = re.findall(r'class="derive-reference" href="#([^"]*)">(\(\d+\))', part)
        assert references
        assert all(ids[target] == number for target, number in references)
    alone = fences.fence("mean_loss\nparts: result, any", Markdown())
    assert '<span class="derive-number">(1)' in alone


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("logistic_regresion", "did you mean logistic_regression"),
        ("logreg", "did you mean logistic_regression?"),
        ("Ridge", "did you mean ridge_regression?"),
        ("unheard_of", "derive list shows its"),
        ("mean_loss\ndetail: much", "detail='much' is none of"),
        ("mean_loss\nlayout: both ways", "layout='both ways' is none of"),
        ("mean_loss\nparts: nothing", "is no part"),
        ("mean_loss\nwrt: q", "has no quantity 'q'"),
        ("mean_loss\nlook: w", "no choice of a look"),
        ("missing.py:J", "there is no file"),
        ("<script>", "script"),
    ],
)
def test_an_error_is_a_warning_and_a_box(source, message, caplog):
    fences = Fences()
    fences.page = "guide/first.md"
    with caplog.at_level(logging.WARNING, logger="mkdocs"):
        box = fences.fence(source, Markdown())
    (record,) = caplog.records
    assert record.name.startswith("mkdocs.")
    assert record.getMessage().startswith("guide/first.md: derivation: ")
    assert message in record.getMessage()
    assert "derive-error" in box
    assert "<script" not in box


def test_a_failed_check_is_a_warning_and_no_derivation(caplog, monkeypatch):
    def failing(*arguments, **options):
        raise CheckFailed("the rule is wrong")

    monkeypatch.setattr(derive.gradients, "gradient", failing)
    box = Fences().fence("mean_loss", Markdown())
    assert "the rule is wrong" in caplog.text
    assert "derive-error" in box
    assert "<math" not in box


def test_a_check_that_could_not_run_is_a_warning_too(caplog, monkeypatch):
    real = derive.gradients.gradient

    def undecided(*arguments, **options):
        derivation = real(*arguments, **options)
        first, *rest = derivation.checks
        return replace(derivation, checks=(replace(first, status="could not run"), *rest))

    monkeypatch.setattr(derive.gradients, "gradient", undecided)
    box = Fences().fence("mean_loss", Markdown())
    assert "1 did not pass" in caplog.text
    assert "<math" not in box


def test_a_changed_file_is_derived_anew(tmp_path):
    file = tmp_path / "own.py"
    fences = Fences()
    fences.folder, fences.cache = tmp_path, tmp_path / "cache"
    pages = []
    for name in ("mean_loss", "mean_loss", "linear_regression"):
        file.write_text(f"from derive import catalogue\nP = catalogue.load({name!r})\n")
        pages.append(fences.fence("own.py:P", Markdown()))
    assert pages[0] == pages[1]
    assert len([*(tmp_path / "cache").rglob("*.json")]) == 2
    assert "Linear regression" in pages[2]
    assert fences.files == {file}


def test_importing_it_needs_no_mkdocs():
    code = "import derive.mkdocs, sys; print('mkdocs' in sys.modules, 'sympy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_it_has_nothing_else():
    with pytest.raises(AttributeError, match="has no 'nothing'"):
        derive.mkdocs.nothing  # noqa: B018


def test_without_the_plugin():
    require("pymdownx")
    import markdown

    from derive.mkdocs import fence, validate

    own = {"name": "derivation", "class": "derivation", "format": fence, "validator": validate}
    page = markdown.markdown(
        "```derivation\nmean_loss\nparts: result\n```\n",
        extensions=["pymdownx.superfences"],
        extension_configs={"pymdownx.superfences": {"custom_fences": [own]}},
    )
    assert "<math" in page
    assert "```" not in page


# A site ------------------------------------------------------------------------------------------


def build(folder, tmp_path, *options):
    """MkDocs with the plugin, which is announced here where it isn't installed as a package."""
    require("mkdocs")
    require("pymdownx")
    announced = tmp_path / "announced" / "derive_plugin-0.dist-info"
    announced.mkdir(parents=True, exist_ok=True)
    (announced / "METADATA").write_text("Metadata-Version: 2.1\nName: derive-plugin\nVersion: 0\n")
    (announced / "entry_points.txt").write_text(
        "[mkdocs.plugins]\nderive = derive.mkdocs:DerivePlugin\n"
    )
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "-d", str(tmp_path / "site"), *options],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(announced.parent),
            "NO_MKDOCS_2_WARNING": "1",
            "SOURCE_DATE_EPOCH": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def copied(tmp_path):
    """The example, where a build may leave its cache."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "project"))


def test_the_example_is_built_without_a_warning(tmp_path):
    folder = copied(tmp_path)
    done = build(folder, tmp_path, "--strict")
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "<math" in page
    assert "derive-error" not in page
    assert "```" not in page
    # The style sheet and the script are files of the site, once for all pages.
    assert "<style" not in page[page.index("<main" if "<main" in page else "<body") :]
    for name in ("derive.css", "derive.js"):
        assert f"assets/derive/{name}" in page
        assert (tmp_path / "site" / "assets" / "derive" / name).stat().st_size > 1000
    assert 'class="derive-switch" data-of="views"' in page


def test_a_second_build_derives_nothing(tmp_path):
    folder = copied(tmp_path)
    assert build(folder, tmp_path, "--strict").returncode == 0
    page = (tmp_path / "site" / "index.html").read_bytes()
    cache = folder / ".cache" / "plugin" / "derive"
    made = {entry: entry.stat().st_mtime_ns for entry in cache.rglob("*.json")}
    assert len(made) == 3
    assert build(folder, tmp_path, "--strict").returncode == 0
    assert {entry: entry.stat().st_mtime_ns for entry in cache.rglob("*.json")} == made
    assert (tmp_path / "site" / "index.html").read_bytes() == page


def test_an_error_fails_a_strict_build_and_shows_on_the_page(tmp_path):
    folder = copied(tmp_path)
    (folder / "docs" / "wrong.md").write_text("# Wrong\n\n```derivation\nlogistic_regresion\n```\n")
    done = build(folder, tmp_path, "--strict")
    assert done.returncode != 0
    assert "wrong.md: derivation: " in done.stderr
    done = build(folder, tmp_path)
    assert done.returncode == 0
    page = (tmp_path / "site" / "wrong" / "index.html").read_text(encoding="utf-8")
    assert "derive-error" in page


@pytest.mark.parametrize("page", ["howto/documentation.md", "documents.md"])
def test_what_the_documentation_shows_has_the_equations_it_links_to(page, tmp_path):
    guide = (EXAMPLE.parents[1] / "docs" / page).read_text("utf-8")
    (shown,) = re.findall(r"^````md\n(```derivation\n.*?)^````$", guide, re.MULTILINE | re.DOTALL)
    folder = copied(tmp_path)
    (folder / "docs" / "index.md").write_text(f"# Page\n\n{shown}", "utf-8")
    with (folder / "mkdocs.yml").open("a", encoding="utf-8") as settings:
        settings.write("validation:\n  anchors: warn\n")
    done = build(folder, tmp_path, "--strict")
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert 'href="#fit:lemma:5"' in written
    assert 'id="fit:lemma:5"' in written


def test_the_plugin_keeps_other_fences():
    hooks = Hooks()
    hooks.config = dict.fromkeys(("detail", "layout", "look", "parts", "cache_dir"), "")
    other = {"name": "mermaid", "class": "mermaid", "format": print}
    config = {
        "config_file_path": "/site/mkdocs.yml",
        "markdown_extensions": ["toc", "fenced_code"],
        "mdx_configs": {"pymdownx.superfences": {"custom_fences": [other]}},
    }
    hooks.on_config(config)
    hooks.on_config(config)
    fences = config["mdx_configs"]["pymdownx.superfences"]["custom_fences"]
    assert [each["name"] for each in fences] == ["mermaid", "derivation"]
    assert config["markdown_extensions"] == ["toc", "pymdownx.superfences"]
    assert config["extra_css"] == ["assets/derive/derive.css"]
    assert config["extra_javascript"] == ["assets/derive/derive.js"]
