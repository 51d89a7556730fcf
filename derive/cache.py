"""Derivations on disk, by what they are made from: a build derives only what is new.

The key of an entry is a hash of what was asked, of the author's file or the catalogue's, and of
the sources of ``derive`` itself, so that no entry outlives a change. An entry names the files it
was made from with their hashes, since an author's file may import others.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import derive
from derive.asked import Asked, OptionError
from derive.errors import CheckFailed, DeriveError, InputError
from derive.files import write_whole

if TYPE_CHECKING:
    from derive.gradients import Derivation
    from derive.model import Problem

__all__ = ["Found", "NameUnknown", "checked", "derivation_of", "printed_of"]

#: Names this version of the entries.
FORMAT = "derive/cache/1"


class NameUnknown(InputError):
    """There is no problem of that name, or its file cannot be run."""


@dataclass(frozen=True, slots=True)
class Found:
    """A derivation, with what a build wants to know about it.

    Attributes:
        derivation: the derivation.
        files: the author's files that it was made from.
        event: ``"read"`` from the cache, ``"derived"``, or ``"remade"`` where the entry could not
            be read.
    """

    derivation: Derivation
    files: tuple[Path, ...]
    event: str


def derivation_of(asked: Asked, source: Path, cache: Path | None = None) -> Found:
    """The derivation that is asked for: from the cache, or derived now and kept there.

    Args:
        asked: what is asked for. A file or a module of the author's must be in the folder or
            below it.
        source: the folder that file names and modules are relative to.
        cache: the folder of the cache; nothing is kept if left out.

    Raises:
        NameUnknown: there is no such problem.
        OptionError: there is no such quantity or size.
        Unsupported: there is no rule for a part of the cost.
        CheckFailed: a check found a difference.

    >>> found = derivation_of(Asked("mean_loss", ("b",)), Path())
    >>> print(found.derivation.result, found.event, sep="; ")
    (1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_i; derived
    """
    path, name = _located(asked.target, source)
    if cache is None:
        return Found(*_derived(asked, path, name, source), "derived")
    entry = _entry(cache, asked, path)
    event = "derived"
    try:
        kept = entry.read_text(encoding="utf-8")
    except FileNotFoundError:
        pass
    except (OSError, ValueError):
        event = "remade"
    else:
        try:
            found = _read_entry(kept, source)
        except (DeriveError, ValueError, KeyError, TypeError, AttributeError):
            event = "remade"
        else:
            if found is not None:
                return found
    derivation, files = _derived(asked, path, name, source)
    from derive.exporters.json import compact

    _write_entry(cache, entry, source, files, {"derivation": compact(derivation)})
    return Found(derivation, files, event)


def printed_of(
    asked: Asked, source: Path, cache: Path, how: str, write: Callable[[Derivation], str]
) -> str:
    """What is printed of a derivation, from the cache or printed now: for a program that is started
    once for each of many derivations, and would read and lay out each of them again.

    Args:
        asked, source, cache: as for :func:`derivation_of`.
        how: everything that ``write`` depends on besides the derivation.
        write: prints a derivation, all of whose checks have passed.

    Raises:
        DeriveError: as :func:`derivation_of` and :func:`checked` do, and whatever ``write`` raises.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     asked = Asked("mean_loss", ("b",))
    ...     printed_of(asked, Path(), Path(folder), "title", lambda found: found.problem.title)
    ...     printed_of(asked, Path(), Path(folder), "title", lambda found: "is not called again")
    'The mean of any loss: where the 1/m comes from'
    'The mean of any loss: where the 1/m comes from'
    """
    path, _ = _located(asked.target, source)
    entry = _entry(cache, asked, path, how)
    try:
        kept: dict[str, Any] = json.loads(entry.read_text(encoding="utf-8"))
        if _unchanged(kept, source) is not None:
            return str(kept["printed"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # it isn't there, or is torn or somebody else's: it is printed anew
    found = derivation_of(asked, source, cache)
    printed = write(checked(found))
    _write_entry(cache, entry, source, found.files, {"printed": printed})
    return printed


def checked(found: Found) -> Derivation:
    """The derivation, if each of its checks has run and passed.

    Raises:
        CheckFailed: one has not; the message says which.

    >>> checked(derivation_of(Asked("mean_loss"), Path())).problem.name
    'mean_loss'
    """
    derivation = found.derivation
    others = [check for check in derivation.checks if check.status != "passed"]
    if others:
        said = "; ".join(check.message or str(check.about) for check in others)
        raise CheckFailed(
            f"of the checks of {derivation.problem.name}, {len(others)} did not pass: {said}"
        )
    return derivation


# What is asked for --------------------------------------------------------------------------------


def _located(target: str, source: Path) -> tuple[Path | None, str]:
    """The author's file and the name in it; no file for an entry of the catalogue."""
    place, colon, name = target.rpartition(":")
    if not colon:
        if target.endswith(".py"):
            raise NameUnknown(f"{target}: say which problem of the file is meant: {target}:J")
        return None, target
    if place.endswith(".py"):
        path = Path(os.path.normpath(source / place))
        if not path.resolve().is_relative_to(source.resolve()):
            raise NameUnknown(f"{place} is outside the source folder, where no file is run")
        if not path.is_file():
            raise NameUnknown(f"there is no file {place} in the source folder")
        return path, name
    return _module(place, source), name


def _module(place: str, source: Path) -> Path:
    """The file of a module, by its name alone: nothing is imported in order to find it."""
    words = place.split(".")
    if all(word.isidentifier() for word in words):
        file = source.joinpath(*words)
        for path in (file.with_name(f"{words[-1]}.py"), file / "__init__.py"):
            if path.is_file() and path.resolve().is_relative_to(source.resolve()):
                return Path(os.path.normpath(path))
    raise NameUnknown(f"there is no module {place[:60]} in the source folder")


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Modules in the folder can be imported meanwhile."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))


def _derived(
    asked: Asked, path: Path | None, name: str, source: Path
) -> tuple[Derivation, tuple[Path, ...]]:
    from derive.gradients import gradient
    from derive.small_case import resolve_sizes

    problem, files = _problem(path, name, source)
    try:
        # Here, since what is no size of the problem may be another argument of gradient().
        sizes: dict[str, Any] = {**resolve_sizes(problem, dict(asked.sizes))}
        derivation = gradient(problem, asked.wrt or None, seed=asked.seed, **sizes)
    except InputError as error:
        raise OptionError(str(error)) from error
    return derivation, files


def _problem(path: Path | None, name: str, source: Path) -> tuple[Problem, tuple[Path, ...]]:
    """The problem, and the files that were run for it."""
    from derive.targets import find

    before = set(sys.modules)
    try:
        with _importable(source):
            problem = find(name if path is None else f"{path}:{name}")
    except DeriveError as error:
        shown = str(error)
        if path is not None:
            shown = shown.replace(str(path), os.path.relpath(path, source))
        raise NameUnknown(shown) from error
    if path is None:
        return problem, ()
    files = {path}
    # What the file imported from beside it or from the project is a part of it.
    homes = (path.parent.resolve(), source.resolve())
    for module in sorted(set(sys.modules) - before):
        origin = getattr(sys.modules[module], "__file__", None)
        if origin and any(home in Path(origin).resolve().parents for home in homes):
            files.add(Path(origin))
            del sys.modules[module]
    return problem, tuple(sorted(files))


# Entries ------------------------------------------------------------------------------------------


def _entry(cache: Path, asked: Asked, path: Path | None, *more: str) -> Path:
    """The file of an entry."""
    content = [] if path is None else [path.name, _hash_of(path)]
    key = _hash(FORMAT, _own_sources(), asked, content, *more)
    return cache / key[:2] / f"{key}.json"


def _write_entry(
    cache: Path, entry: Path, source: Path, files: tuple[Path, ...], content: dict[str, str]
) -> None:
    """Keep an entry; the cache is no part of the author's sources, and tells git so."""
    relative = {os.path.relpath(each, source): _hash_of(each) for each in files}
    write_whole(entry, json.dumps({"format": FORMAT, "files": relative, **content}))
    ignored = cache / ".gitignore"
    if not ignored.exists():
        write_whole(ignored, "*\n")


def _read_entry(text: str, source: Path) -> Found | None:
    """What an entry holds; ``None`` where a file that it was made from has changed."""
    entry: dict[str, Any] = json.loads(text)
    files = _unchanged(entry, source)
    if files is None:
        return None
    return Found(_read_derivation(entry["derivation"]), files, "read")


def _unchanged(entry: dict[str, Any], source: Path) -> tuple[Path, ...] | None:
    """The files that an entry was made from; ``None`` where one of them has changed."""
    if entry["format"] != FORMAT:
        raise ValueError(entry["format"])
    files = {Path(os.path.normpath(source / name)): kept for name, kept in entry["files"].items()}
    for path, kept in files.items():
        if not path.is_file() or _hash_of(path) != kept:
            return None
    return tuple(sorted(files))


@lru_cache(maxsize=16)
def _read_derivation(text: str) -> Derivation:
    """A page often shows parts of one derivation in several places."""
    from derive.exporters.json import read

    return read(text)


# Hashes -------------------------------------------------------------------------------------------


def _hash(*parts: object) -> str:
    return sha256("\0".join(map(repr, parts)).encode()).hexdigest()


def _hash_of(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


@lru_cache(maxsize=1)
def _own_sources() -> str:
    """A hash of the version and of every source of the package, the catalogue among them."""
    package = Path(derive.__file__).parent
    parts = [derive.__version__]
    for path in sorted(package.rglob("*.py")):
        parts += [path.relative_to(package).as_posix(), _hash_of(path)]
    return _hash(*parts)
