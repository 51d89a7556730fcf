"""Derivations on disk, by what they are made from: a build derives only what is new.

The key of an entry is a hash of what was asked, of the author's file or the catalogue's, and of
the sources of ``derive`` itself, so that no entry outlives a change. An entry names the files it
was made from with their hashes, since an author's file may import others.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import derive
from derive.errors import DeriveError, InputError
from derive.sphinx.options import Asked, OptionError

if TYPE_CHECKING:
    from derive.gradients import Derivation
    from derive.model import Problem

__all__ = ["Found", "NameUnknown", "derivation_of"]

#: Names this version of the entries.
FORMAT = "derive/sphinx/1"


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


def derivation_of(asked: Asked, source: Path, cache: Path) -> Found:
    """The derivation that is asked for: from the cache, or derived now and kept there.

    Args:
        asked: what is asked for.
        source: the folder that file names are relative to.
        cache: the folder of the cache.

    Raises:
        NameUnknown: there is no such problem.
        OptionError: there is no such quantity or size.
        Unsupported: there is no rule for a part of the cost.
        CheckFailed: a check found a difference.
    """
    path, name = _located(asked.target, source)
    content = [] if path is None else [path.name, _hash_of(path)]
    key = _hash(FORMAT, _own_sources(), asked, content)
    entry = cache / key[:2] / f"{key}.json"
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
    relative = {os.path.relpath(each, source): _hash_of(each) for each in files}
    _write_atomically(
        entry,
        json.dumps({"format": FORMAT, "files": relative, "derivation": derivation.json()}),
    )
    return Found(derivation, files, event)


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
        if not path.is_file():
            raise NameUnknown(f"there is no file {place} in the source directory")
        return path, name
    with _importable(source):
        importlib.invalidate_caches()
        try:
            spec = importlib.util.find_spec(place)
        except (ImportError, ValueError, AttributeError):
            spec = None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise NameUnknown(f"there is no module {place} to take {name} from")
    return Path(spec.origin), name


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Modules in the folder can be imported meanwhile; those of the author are forgotten after,
    so that a later build in the same process sees them as they are then."""
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

    problem, files = _problem(path, name, source)
    sizes: dict[str, Any] = dict(asked.sizes)
    try:
        derivation = gradient(problem, asked.wrt or None, **sizes)
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


def _read_entry(text: str, source: Path) -> Found | None:
    """What an entry holds; ``None`` where a file that it was made from has changed."""
    entry: dict[str, Any] = json.loads(text)
    if entry["format"] != FORMAT:
        raise ValueError(entry["format"])
    files = {Path(os.path.normpath(source / name)): kept for name, kept in entry["files"].items()}
    for path, kept in files.items():
        if not path.is_file() or _hash_of(path) != kept:
            return None
    return Found(_read_derivation(entry["derivation"]), tuple(sorted(files)), "read")


@lru_cache(maxsize=16)
def _read_derivation(text: str) -> Derivation:
    """A page often shows parts of one derivation in several places."""
    from derive.exporters.json import read

    return read(text)


def _write_atomically(path: Path, text: str) -> None:
    """Several processes may write the same entry: each reader sees a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        # os.replace is the same as Path.replace, named for what it is known for: it is atomic.
        os.replace(name, path)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


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
