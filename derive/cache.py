"""Derivations on disk, by what they are made from: a build derives only what is new.

The key of an entry is a hash of what was asked, of the author's file or the catalogue's, and of
the sources of ``derive`` itself, so that no entry outlives a change. An entry names the files it
was made from with their hashes, since an author's file may import others; what else a file reads,
such as numbers, is not known to be a part of it. An entry that was damaged is made anew.
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
FORMAT = "derive/cache/2"


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
        derivation, hashes = _derived(asked, path, name, source)
        return Found(derivation, tuple(hashes), "derived")
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
        except (*_DAMAGED, DeriveError):
            event = "remade"
        else:
            if found is not None:
                return found
    derivation, hashes = _derived(asked, path, name, source)
    from derive.exporters.json import compact

    _write_entry(cache, entry, source, hashes, {"derivation": compact(derivation)})
    return Found(derivation, tuple(hashes), event)


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
        kept = _undamaged(entry.read_text(encoding="utf-8"))
        if _unchanged(kept, source) is not None:
            return str(kept["printed"])
    except (*_DAMAGED, OSError):
        pass  # it isn't there, or is torn or somebody else's: it is printed anew
    found = derivation_of(asked, source, cache)
    printed = write(checked(found))
    hashes = {each: _hash_of(each) for each in found.files}
    _write_entry(cache, entry, source, hashes, {"printed": printed})
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
    try:
        return _place_of(target, source)
    except (OSError, RuntimeError, ValueError) as error:
        # a name that is too long, links in a circle, a character that no name may have
        raise NameUnknown(f"{target[:60]!r} cannot be looked up: {error}") from error


def _place_of(target: str, source: Path) -> tuple[Path | None, str]:
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
def _importable(folder: Path, homes: tuple[Path, ...]) -> Iterator[dict[str, Path]]:
    """Modules in the folder can be imported meanwhile, each from its source, also where one of that
    name was imported before. Gives the files of those that were, once it is over."""
    others = {name: sys.modules.pop(name) for name in dict(_modules_in(homes))}
    writes = sys.dont_write_bytecode
    # Compiled modules are told from changed ones by whole seconds.
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    found: dict[str, Path] = {}
    try:
        yield found
    finally:
        sys.dont_write_bytecode = writes
        if str(folder) in sys.path:
            sys.path.remove(str(folder))
        found.update(_modules_in(homes))
        for name in found:
            del sys.modules[name]
        sys.modules.update(others)


def _modules_in(homes: tuple[Path, ...]) -> Iterator[tuple[str, Path]]:
    """The modules that were imported from files in these folders, but for what is installed there:
    an environment often stands in the folder of the project."""
    folders = {str(home) for home in homes}
    found = {}
    for name, module in sys.modules.items():
        origin = getattr(module, "__file__", None)
        if isinstance(origin, str) and name != "__main__" and folders & _folders_of(origin):
            found[name] = Path(origin)
    yield from sorted(found.items())


@lru_cache(maxsize=10_000)  # there are thousands of modules, and they stay where they are
def _folders_of(origin: str) -> frozenset[str]:
    """The folders that a module's file is in; none for what is installed."""
    folders = Path(origin).resolve().parents
    installed = (Path(derive.__file__).parent.resolve(), Path(sys.prefix).resolve())
    if any(
        folder in installed or folder.name in ("site-packages", "dist-packages")
        for folder in folders
    ):
        return frozenset()
    return frozenset(map(str, folders))


def _derived(
    asked: Asked, path: Path | None, name: str, source: Path
) -> tuple[Derivation, dict[Path, str]]:
    """The derivation, and the author's files with their hashes as they were when they were run."""
    from derive.gradients import gradient
    from derive.small_case import resolve_sizes

    problem, hashes = _problem(path, name, source)
    try:
        # Here, since what is no size of the problem may be another argument of gradient().
        sizes: dict[str, Any] = {**resolve_sizes(problem, dict(asked.sizes))}
        derivation = gradient(problem, asked.wrt or None, seed=asked.seed, **sizes)
    except InputError as error:
        raise OptionError(str(error)) from error
    return derivation, hashes


def _problem(path: Path | None, name: str, source: Path) -> tuple[Problem, dict[Path, str]]:
    """The problem, and the files that were run for it with their hashes."""
    from derive.targets import find

    # What the file imported from beside it or from the project is a part of it.
    homes = (source.resolve(),) if path is None else (path.parent.resolve(), source.resolve())
    own = "" if path is None else _hash_of(path)
    try:
        with _importable(source, homes if path is not None else ()) as imported:
            problem = find(name if path is None else f"{path}:{name}")
    except DeriveError as error:
        shown = str(error)
        if path is not None:
            shown = shown.replace(str(path), os.path.relpath(path, source))
        raise NameUnknown(shown) from error
    if path is None:
        return problem, {}
    files = {each: _hash_of(each) for each in imported.values()}
    files[path] = own
    return problem, dict(sorted(files.items()))


# Entries ------------------------------------------------------------------------------------------


def _entry(cache: Path, asked: Asked, path: Path | None, *more: str) -> Path:
    """The file of an entry."""
    content = [] if path is None else [path.name, _hash_of(path)]
    key = _hash(FORMAT, _own_sources(), asked, content, *more)
    return cache / key[:2] / f"{key}.json"


#: What reading an entry raises that is torn, or somebody else's.
_DAMAGED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def _write_entry(
    cache: Path, entry: Path, source: Path, hashes: dict[Path, str], content: dict[str, str]
) -> None:
    """Keep an entry; the cache is no part of the author's sources, and tells git so.

    Raises:
        InputError: the folder cannot be written to.
    """
    relative = {os.path.relpath(each, source): kept for each, kept in hashes.items()}
    kept = {"format": FORMAT, "files": relative, **content}
    try:
        write_whole(entry, json.dumps({"digest": _digest(kept), **kept}))
        ignored = cache / ".gitignore"
        if not ignored.exists():
            write_whole(ignored, "*\n")
    except OSError as error:
        raise InputError(f"the cache of derivations cannot be written to: {error}") from error


def _digest(kept: dict[str, Any]) -> str:
    return sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _undamaged(text: str) -> dict[str, Any]:
    """What an entry holds, if it is what was written.

    Raises:
        ValueError: it is not; or one of the other errors of :data:`_DAMAGED`.
    """
    kept: dict[str, Any] = json.loads(text)
    if kept.pop("digest") != _digest(kept):
        raise ValueError("an entry of the cache was changed")
    return kept


def _read_entry(text: str, source: Path) -> Found | None:
    """What an entry holds; ``None`` where a file that it was made from has changed."""
    entry = _undamaged(text)
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
