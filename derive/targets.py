"""What a command is about: an entry of the catalogue, or a problem in somebody's own file."""

from __future__ import annotations

import sys
import traceback
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType

from derive.catalogue import load
from derive.errors import DeriveError, InputError
from derive.language import Expression, Named
from derive.language import problem as make_problem
from derive.model import Problem
from derive.terms import free_indices

__all__ = ["find"]


def find(target: str) -> Problem:
    """The problem called ``target``.

    Args:
        target: the name of a catalogue entry, or ``path/to/file.py:name``, where ``name`` is a
            problem or a cost in that file. The file is run.

    Raises:
        InputError: there is no such entry, file or name, or running the file fails.

    >>> find("logistic_regression").name
    'logistic_regression'
    """
    path, colon, name = target.rpartition(":")
    if colon:
        return _in_file(Path(path), name)
    if target.endswith(".py"):
        raise InputError(f"{target}: say which problem of the file is meant, as in {target}:J")
    return load(target)


def _in_file(path: Path, name: str) -> Problem:
    module = _run(path)
    value = getattr(module, name, None) if name else None
    if isinstance(value, Problem):
        return value
    if isinstance(value, Expression):
        return make_problem(value, name=name, title=f"The gradient of {name}")
    found = [
        key for key, each in vars(module).items() if not key.startswith("_") and _is_problem(each)
    ]
    has = f"it has {', '.join(found)}" if found else "it has no problem and no cost"
    if value is None:
        raise InputError(f"{path} has nothing called {name!r}; {has}")
    raise InputError(f"{path}: {name} is a {type(value).__name__} and no problem; {has}")


def _is_problem(value: object) -> bool:
    """Whether the value can be shown: a problem, or a cost, which has no index left."""
    if isinstance(value, Problem):
        return True
    if isinstance(value, Named):
        return value.body is not None and not value.letters
    return isinstance(value, Expression) and not free_indices(value.term)


def _run(path: Path) -> ModuleType:
    """The file's module, run afresh; files beside it can be imported by it."""
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    top, package = _package_of(path)
    if package:
        module.__package__ = package
    folder = str(top)
    sys.path.insert(0, folder)
    try:
        code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        # What it prints is no part of what we print.
        with redirect_stdout(sys.stderr):
            exec(code, module.__dict__)  # noqa: S102 - running it is what the user asks for
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever else it raises is the author's mistake
        raise InputError(_report(path, error)) from error
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
    return module


def _package_of(path: Path) -> tuple[Path, str]:
    """The folder from which the file is imported, and the package that it is part of, so that
    ``from . import …`` means what it says; no package where there is no ``__init__.py``."""
    folder, names = path.resolve().parent, []
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        names.append(folder.name)
        folder = folder.parent
    return folder, ".".join(reversed(names))


def _report(path: Path, error: BaseException) -> str:
    """The error in one line, with the line of the file in which it arose."""
    if isinstance(error, SyntaxError):
        return f"{path}:{error.lineno}: {error.msg}"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    where = f"{path}:{lines[-1]}" if lines else str(path)
    words = " ".join(str(error).split())
    kind = "" if isinstance(error, DeriveError) else type(error).__name__
    return ": ".join(part for part in (where, kind, words) if part)
