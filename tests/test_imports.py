"""Imports go one way, and the heavy ones are made where they are needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import derive

ROOT = Path(derive.__file__).parent

#: The parts of the package from the lowest up. What stands on one line knows nothing of its
#: neighbours there; a part may import from lines above its own.
LAYERS = (
    ("collector", "errors", "files"),
    ("terms",),
    ("model", "functions", "matrix_functions"),
    ("symmetry",),
    ("derivation", "notation", "dependency", "evaluation"),
    ("language", "sampling"),
    ("recursion",),
    ("catalogue", "rules", "matrix", "sympy_input", "tracing"),
    ("backpropagation", "numpy_code"),
    ("small_case", "provenance", "meanings", "beside"),
    ("checks",),
    ("gradients",),
    ("scaling", "graph", "second_order", "induction"),
    ("document",),
    ("exporters",),
    ("targets", "asked"),
    ("cache",),
    ("build", "tex_marks", "mkdocs", "mystmd", "quarto", "sphinx"),
    ("command_line",),
    ("__main__",),
)
LEVEL = {name: number for number, names in enumerate(LAYERS) for name in names}

#: Imports against the order, each made inside a function (or for types alone), with the reason.
EXCEPTIONS = {
    ("terms", "notation"): "str(term) prints through the one notation there is",
    (
        "beside",
        "checks",
    ): "the comparison is imported where it is made, mostly in the other process",
    ("gradients", "exporters"): "Derivation.latex(), .text() and .json() are there for users",
    ("gradients", "scaling"): "Derivation.scaling() is there for users",
    ("induction", "document"): "Induction.latex(), .text() and .html() are there for users",
    ("induction", "exporters"): "Induction.latex(), .text() and .html() are there for users",
}

#: Slow to import, or not there for everyone.
HEAVY = {"sympy", "mpmath", "numpy", "matplotlib", "rich", "concurrent", "multiprocessing"}


class Import(NamedTuple):
    part: str
    imported: str
    where: str
    lazy: bool


def imports() -> Iterator[Import]:
    for path in sorted(ROOT.rglob("*.py")):
        part = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if part != "__init__":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from _imports(tree, part, path, lazy=False)


def _imports(node: ast.AST, part: str, path: Path, *, lazy: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        inner = lazy or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
        inner = inner or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test))
        where = f"{path.relative_to(ROOT)}:{getattr(child, 'lineno', 0)}"
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(part, alias.name, where, inner)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{where}: a relative import"
            yield from (
                Import(part, f"{child.module}.{alias.name}", where, inner) for alias in child.names
            )
        yield from _imports(child, part, path, lazy=inner)


def inside() -> Iterator[tuple[Import, str]]:
    """The imports of one part of the package by another, and the other."""
    for each in imports():
        package, _, rest = each.imported.partition(".")
        target = rest.partition(".")[0]
        if package == "derive" and target not in ("", each.part, "__version__"):
            yield each, target


def test_every_part_has_its_place():
    parts = {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or path.is_dir()}
    # `locale` holds messages, no code.
    assert parts - {"__init__", "__pycache__", "py", "locale"} == set(LEVEL)


def test_imports_go_one_way():
    wrong = [
        f"{each.where}: {each.part} imports {target}"
        for each, target in inside()
        if LEVEL[target] >= LEVEL[each.part] and (each.part, target) not in EXCEPTIONS
    ]
    assert wrong == []


def test_the_exceptions_are_lazy_and_needed():
    upward = {
        (each.part, target): each.lazy
        for each, target in inside()
        if LEVEL[target] >= LEVEL[each.part]
    }
    assert upward == dict.fromkeys(EXCEPTIONS, True)


@pytest.mark.parametrize("part", ["checks", "evaluation", "sampling"])
def test_checks_share_no_code_with_what_they_check(part):
    used = {target for each, target in inside() if each.part == part}
    assert used.isdisjoint({"rules", "backpropagation", "small_case", "meanings", "provenance"})


def test_heavy_packages_are_imported_inside_functions():
    wrong = [
        f"{each.where}: {each.imported}"
        for each in imports()
        if not each.lazy and each.imported.partition(".")[0] in HEAVY
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "code",
    [
        "import derive",
        "import derive; derive.catalogue.load('mlp')",
        "from derive.command_line import main; main(['list'])",
        "from derive.command_line import main; main(['--help'])",
        "from derive.command_line import main; main(['shwo'])",
    ],
)
def test_what_needs_no_algebra_does_not_import_it(code):
    report = f"{code}\nimport sys\nprint(*sorted(set(sys.modules) & {HEAVY!r}), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines()[-1] == ""


def test_importing_derive_loads_nothing_else_of_it():
    code = "import derive, sys; print(*(name for name in sys.modules if name.startswith('derive')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["derive"]


# Public names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", derive.__all__)
def test_every_public_name_is_there(name):
    assert getattr(derive, name) is not None
    assert name in dir(derive)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="derive has no 'gradiant'; did you mean gradient"):
        derive.gradiant  # noqa: B018


def test_a_submodule_never_hides_a_public_function():
    modules = {path.stem for path in ROOT.iterdir()}
    assert modules & set(derive.__all__) == {"catalogue", "errors"}
    code = (
        "import derive.build, derive.command_line.commands, derive.scaling, derive\n"
        "print(callable(derive.gradient), callable(derive.problem), callable(derive.function))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True"]


def test_what_a_type_checker_sees_is_what_is_there():
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname or alias.name
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen | {"__version__"} == set(derive.__all__)
