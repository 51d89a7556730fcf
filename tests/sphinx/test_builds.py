"""Documentation builds with the real Sphinx: the example, and projects with mistakes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from programs import complaints, require_program, typeset

pytest.importorskip("sphinx", reason="Sphinx is not installed")
pytest.importorskip("myst_parser", reason="MyST-Parser is not installed")

EXAMPLE = Path(__file__).parents[2] / "examples" / "sphinx"
BUILDERS = (
    *("html", "dirhtml", "singlehtml", "latex", "epub"),
    *("text", "man", "texinfo", "gettext"),
)


def sphinx(
    source: Path, output: Path, *more: str, builder: str = "html", seed: str = "0", jobs: int = 2
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "-n", "-j", str(jobs), "-b", builder),
            *("-d", str(output.with_name(f"{output.name}-trees")), *more),
            *(str(source), str(output)),
        ],
        env={**os.environ, "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": "0", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def derived(build: subprocess.CompletedProcess[str]) -> list[str]:
    return sorted(re.findall(r"derive: derived (.*)", build.stdout))


@pytest.fixture
def example(tmp_path):
    return Path(shutil.copytree(EXAMPLE, tmp_path / "example"))


@pytest.fixture
def project(tmp_path):
    """A project of one page with the text that is given."""

    def make(text: str, configuration: str = "") -> Path:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        (folder / "conf.py").write_text(f"extensions = ['derive.sphinx']\n{configuration}\n")
        (folder / "index.rst").write_text(f"Title\n=====\n\n{text}\n")
        return folder

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
]


@pytest.mark.parametrize(("text", "subtype", "said"), MISTAKES)
def test_a_mistake_is_a_warning_at_its_place(text, subtype, said, project, tmp_path):
    build = sphinx(project(text), tmp_path / "out", "-W")
    assert build.returncode != 0
    (warning,) = [line for line in build.stderr.splitlines() if "index.rst:" in line]
    assert re.search(r"index\.rst:\d+: ", warning)
    assert said in build.stderr
    if not subtype:
        return
    assert f"[derive.{subtype}]" in warning
    quiet = project(text, f"suppress_warnings = ['derive.{subtype}']")
    build = sphinx(quiet, tmp_path / "quiet", "-W")
    assert build.returncode == 0, build.stderr
    if subtype != "label":
        page = (tmp_path / "quiet" / "index.html").read_text("utf-8")
        assert "derive-error" in page
        assert re.search(re.escape(said).replace("'", "."), page)


def test_what_cannot_be_derived_is_said(project, tmp_path):
    folder = project(".. derivation:: costs.py:J")
    (folder / "costs.py").write_text(
        "import derive\ni = derive.indices('i:m')\nw = derive.parameter('w[i]')\n"
        "J = derive.sum(w[i] ** w[i], over=i)\n",
        encoding="utf-8",
    )
    build = sphinx(folder, tmp_path / "out", "-W")
    assert build.returncode != 0
    assert "index.rst:4: " in build.stderr


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


def test_the_manual_compiles(tmp_path):
    require_program("pdflatex")
    assert sphinx(EXAMPLE, tmp_path / "out", "-W", builder="latex").returncode == 0
    log = typeset("pdflatex", tmp_path / "out" / "gradients.tex", runs=3)
    errors = [line for line in complaints(log) if not line.startswith("Overfull")]
    assert errors == []


def test_importing_the_extension_is_cheap():
    code = (
        "import sys, derive.sphinx;"
        "print([n for n in ('sympy', 'numpy', 'derive.gradients', 'derive.rules')"
        " if n in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
