"""A Jupyter notebook that shows a derivation, and makes and checks it again when it is run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any

from derive.catalogue import NAMES, load
from derive.derivation import Detail
from derive.document import PARTS, LayoutChoice, build
from derive.errors import InputError
from derive.exporters.markdown import write_pieces
from derive.gradients import Derivation
from derive.notation import PLAIN, Look

__all__ = ["export"]

_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

_ITS_CODE = """\
module = {}
exec(d.python(), module)
cost, example = module["cost"], module["example"]
gradient = d.numpy()
"""

_CHECK = '''\
import numpy as np

arguments = example(seed=1)


def by_finite_differences(name, step=1e-6):
    """The gradient of the cost by one array: the cost a little beside it on both sides."""
    array = np.array(arguments[name], dtype=float)
    slopes = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        beside = []
        for change in (step, -step):
            moved = array.copy()
            moved[place] += change
            beside.append(cost(**{**arguments, name: moved}))
        slopes[place] = (beside[0] - beside[1]) / (2 * step)
    return slopes


for name, derived in gradient(**arguments).items():
    measured = by_finite_differences(name)
    difference = np.abs(derived - measured).max()
    print(f"{name}: the largest difference from finite differences is {difference:.1e}")
    assert np.allclose(derived, measured, rtol=1e-5, atol=1e-7), name
'''

#: What the gradient holds constant, the differences hold too.
_HELD = (
    (
        'cost, example = module["cost"], module["example"]\n',
        'cost, example = module["cost"], module["example"]\nconstants = module["constants"]\n',
    ),
    (
        "arguments = example(seed=1)\n",
        "arguments = example(seed=1)\nheld = constants(**arguments)  # as in the gradient\n",
    ),
    ("cost(**{**arguments, name: moved})", "cost(**{**arguments, name: moved}, **held)"),
)


def _with_constants(code: str, derivation: Derivation) -> str:
    if any(definition.constant for definition in derivation.problem.definitions):
        for free, held in _HELD:
            code = code.replace(free, held)
    return code


def export(
    derivation: Derivation,
    *,
    target: str = "",
    detail: Detail = "normal",
    layout: LayoutChoice = "both",
    look: Look = PLAIN,
    parts: Iterable[str] = PARTS,
) -> str:
    """The derivation as a notebook in Jupyter's format 4.5.

    Its cells of code derive the gradient again and hold it against finite differences of the cost
    on random arrays; running it fails if they disagree.

    Args:
        derivation: what is printed.
        target: what is derived again: a catalogue name, or ``path/to/file.py:name``. If it is left
            out, an entry of the catalogue goes by its name, and for any other problem the cells
            hold the NumPy module that belongs to the derivation.
        detail: how much of it.
        layout: which matrix layouts are printed.
        look: how formulas look.
        parts: which parts of the document are printed, see :data:`derive.document.PARTS`.

    Raises:
        InputError: ``target`` is neither a catalogue name nor of the form ``file.py:name``.

    >>> from derive.gradients import gradient
    >>> notebook = json.loads(export(gradient("linear_regression", wrt="w", check="none")))
    >>> notebook["nbformat"], notebook["nbformat_minor"]
    (4, 5)
    """
    document = build(derivation, detail=detail, layout=layout, parts=parts)
    head, *sections = write_pieces(document, look=look)
    cells = [_markdown(*head)]
    cells.extend(_code(*cell) for cell in _derived_again(derivation, target or _name(derivation)))
    cells.extend(_markdown(*section) for section in sections)
    cells.append(
        _markdown(
            "numbers",
            "## Check it on numbers\n\nThe derived gradient, beside finite differences of the cost "
            "on random arrays. The cell fails if they disagree.\n",
        )
    )
    cells.append(_code("finite-differences", _with_constants(_CHECK, derivation)))
    notebook = {
        "cells": _with_ids(cells),
        "metadata": _METADATA,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _name(derivation: Derivation) -> str:
    """The catalogue's name of the problem, if it is the catalogue's."""
    name = derivation.problem.name
    return name if name in NAMES and load(name) == derivation.problem else ""


def _derived_again(derivation: Derivation, target: str) -> Iterator[tuple[str, str]]:
    if not target:
        yield "module", derivation.python()
        return
    sizes = "".join(f", {name}={size}" for name, size in derivation.sizes)
    options = f"wrt={list(derivation.wrt)!r}{sizes}"
    if derivation.seed:
        options += f", seed={derivation.seed}"
    lines = [*_cost(target), f"d = derive.gradient({_argument(target)}, {options})"]
    lines += [
        "assert d.passed",
        "",
        "for result in d.results:",
        '    print(f"{result.claim} = {result.term}")',
    ]
    yield "derive", "\n".join(lines)
    yield "code", _with_constants(_ITS_CODE, derivation)


def _cost(target: str) -> list[str]:
    """The imports, and the problem where it is in somebody's own file."""
    path, colon, name = target.rpartition(":")
    if not colon:
        if target not in NAMES:
            raise InputError(
                f"{target!r} is neither in the catalogue nor of the form path/to/file.py:name"
            )
        return ["import derive", ""]
    if not name.isidentifier() or not path:
        raise InputError(f"{target!r} is not of the form path/to/file.py:name")
    # One way to write a path for every system, and no way for it to end the string.
    where = PurePath(path).as_posix()
    return [
        "import importlib.util",
        "import sys",
        "from pathlib import Path",
        "",
        "import derive",
        "",
        f"path = Path({where!r}).resolve()",
        "sys.path.insert(0, str(path.parent))  # files beside it can be imported by it",
        "specification = importlib.util.spec_from_file_location(path.stem, path)",
        "problems = importlib.util.module_from_spec(specification)",
        "specification.loader.exec_module(problems)",
        "",
    ]


def _argument(target: str) -> str:
    _, colon, name = target.rpartition(":")
    return f"problems.{name}" if colon else repr(target)


def _markdown(key: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": key, "metadata": {}, "source": _lines(source)}


def _code(key: str, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": key,
        "metadata": {},
        "outputs": [],
        "source": _lines(source),
    }


def _lines(source: str) -> list[str]:
    return source.rstrip("\n").splitlines(keepends=True)


def _with_ids(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cells with ids that say what they are and where: the same ones each time."""
    return [{**cell, "id": f"{n:02}-{cell['id']}"[:64]} for n, cell in enumerate(cells)]
