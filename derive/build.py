"""Building a folder of derivations: one folder an entry, and an index.

An entry's files are written beside the folder's contents first and then moved into place, so that
whenever a build is interrupted, each file there is whole: the former one or the new one. What the
last build of an entry made and this one doesn't make again is removed, if nobody changed it;
nothing else ever is.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from derive.catalogue import NAMES
from derive.derivation import Check, Detail
from derive.document import PARTS, LayoutChoice
from derive.errors import InputError
from derive.files import as_bytes, write_together
from derive.gradients import Derivation, gradient
from derive.notation import PLAIN, Look, Notation, plain_text
from derive.second_order import requested
from derive.small_case import resolve_sizes
from derive.targets import find

__all__ = ["FORMATS", "Entry", "Options", "build"]

#: Names the format of the index.
SCHEMA = "derive/index/1"

#: How wide lines of the text format are.
TEXT_WIDTH = 100

#: What a folder may be called: nothing that leads out of the output folder, or that is hidden.
_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_\-]{0,99}\Z")


@dataclass(frozen=True)
class Options:
    """What is built.

    Attributes:
        formats: which of :data:`FORMATS`, in any order.
        wrt: what to differentiate by; all parameters if empty.
        sizes: the sizes of the written-out case, as pairs of symbol and number.
        detail: how much is printed.
        fragment: whether the LaTeX is a fragment for ``\\input``, and the HTML one for a page.
        seed: for the random values of the checks.
        layout: which matrix layouts are printed.
        look: how formulas look.
        parts: which parts of the document are printed.
        second: what is derived instead of the gradient, see :func:`derive.second_order.requested`:
            its kind and its names.
    """

    formats: tuple[str, ...] = ("tex", "txt", "json", "py")
    wrt: tuple[str, ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()
    detail: Detail = "normal"
    fragment: bool = False
    seed: int = 0
    layout: LayoutChoice = "both"
    look: Look = PLAIN
    parts: tuple[str, ...] = PARTS
    second: tuple[str, tuple[str, ...]] | None = None

    def __post_init__(self) -> None:
        for name in self.formats:
            if name not in FORMATS:
                raise InputError(f"there is no format {name!r}; there are {', '.join(FORMATS)}")
        if not self.formats:
            raise InputError(f"no format is given; there are {', '.join(FORMATS)}")
        if self.fragment and not {"tex", "html"} & set(self.formats):
            raise InputError("a fragment is asked for, but neither tex nor html is made")

    @property
    def printed(self) -> dict[str, Any]:
        """What every exporter of a document takes."""
        return {
            "detail": self.detail,
            "layout": self.layout,
            "look": self.look,
            "parts": self.parts,
        }


@dataclass(frozen=True)
class Entry:
    """What was made of one target.

    Attributes:
        name, title: of the problem.
        gradients: each gradient as a line of text.
        files: the content of each format; empty where a check did not pass.
        trouble: the checks that did not pass.
    """

    name: str
    title: str
    gradients: tuple[str, ...]
    files: dict[str, str | bytes] = field(default_factory=dict)
    trouble: tuple[Check, ...] = ()


def _tex(derivation: Derivation, options: Options) -> str:
    from derive.exporters import latex

    return latex.export(derivation, fragment=options.fragment, **options.printed)


def _txt(derivation: Derivation, options: Options) -> str:
    from derive.exporters import text

    return text.export(derivation, width=TEXT_WIDTH, **options.printed)


def _json(derivation: Derivation, options: Options) -> str:
    from derive.exporters import json as exporter

    return exporter.export(derivation)


def _py(derivation: Derivation, options: Options) -> str:
    return derivation.python()


def _torch(derivation: Derivation, options: Options) -> str:
    return derivation.torch()


def _jax(derivation: Derivation, options: Options) -> str:
    return derivation.jax()


def _svg(derivation: Derivation, options: Options) -> str:
    """The plot of how gradient and step depend on the number of examples."""
    from derive.scaling import plot

    scaling = derivation.scaling()
    if scaling is None:
        raise InputError(
            f"{derivation.problem.name} has no plot: its cost is not a mean over examples"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scaling.svg"
        plot(scaling, path)
        return path.read_text(encoding="utf-8")


def _html(derivation: Derivation, options: Options) -> str:
    from derive.exporters import html

    return html.export(derivation, page=not options.fragment, **options.printed)


def _md(derivation: Derivation, options: Options) -> str:
    from derive.exporters import markdown

    return markdown.export(derivation, flavour="github", **options.printed)


def _ipynb(derivation: Derivation, options: Options) -> str:
    from derive.exporters import notebook

    return notebook.export(derivation, **options.printed)


def _beamer(derivation: Derivation, options: Options) -> str:
    from derive.exporters import beamer

    return beamer.export(derivation, **options.printed)


def _pdf(derivation: Derivation, options: Options) -> bytes:
    from derive.exporters import latex, pdf

    return pdf.compile_pdf(latex.export(derivation, **options.printed))


def _graph_svg(derivation: Derivation, options: Options) -> str:
    from derive.exporters import graph_svg

    return graph_svg.export(derivation, look=options.look)


def _graph_tikz(derivation: Derivation, options: Options) -> str:
    from derive.exporters import graph_tikz

    return graph_tikz.export(derivation, look=options.look)


#: What makes the content of each format. Its name is how the file's name ends.
FORMATS: dict[str, Callable[[Derivation, Options], str | bytes]] = {
    "tex": _tex,
    "txt": _txt,
    "json": _json,
    "py": _py,
    "html": _html,
    "md": _md,
    "ipynb": _ipynb,
    "pdf": _pdf,
    "beamer.tex": _beamer,
    "graph.svg": _graph_svg,
    "graph.tex": _graph_tikz,
    "svg": _svg,
    "torch.py": _torch,
    "jax.py": _jax,
}


def build(
    targets: Sequence[str],
    folder: str | os.PathLike[str],
    options: Options | None = None,
    *,
    jobs: int = 1,
) -> Iterator[Entry]:
    """Derive each target, check it, and write it into a folder of its own.

    Args:
        targets: names of catalogue entries and ``file.py:name``; the whole catalogue if empty.
        folder: where to write; made if it isn't there.
        options: what is built.
        jobs: how many processes derive at the same time.

    Yields:
        Each entry once its files stand in place, in the order of the targets. Nothing is written
        for an entry with a check that did not pass.

    Raises:
        InputError: a target or an option cannot be read, or the folder cannot be written.
        Unsupported: there is no rule for a part of a cost.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for entry in build(["linear_regression"], folder, Options(formats=("txt",))):
    ...         print(entry.name, sorted(os.listdir(folder)))
    linear_regression ['index.json', 'index.md', 'linear_regression']
    """
    options = options or Options()
    root = Path(folder)
    names = tuple(dict.fromkeys(targets)) or NAMES
    with _os_errors(root):
        root.mkdir(parents=True, exist_ok=True)
    index = _Index(root)
    made: set[str] = set()
    for entry in _derived(names, options, jobs):
        if entry.name in made:
            raise InputError(f"two of the problems are called {entry.name}; they share a folder")
        made.add(entry.name)
        if not entry.trouble:
            with _os_errors(root):
                _put(root, entry, index.files(entry.name))
                index.add(entry)
        yield entry


# Deriving ----------------------------------------------------------------------------------------


def _derived(names: Sequence[str], options: Options, jobs: int) -> Iterator[Entry]:
    if min(jobs, len(names)) <= 1:
        yield from (_derive(name, options) for name in names)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Started afresh, since a copy of a process with threads (NumPy's) may hang.
    context = get_context("spawn")
    workers = ProcessPoolExecutor(min(jobs, len(names)), context)
    try:
        with _interrupts_later():
            entries = workers.map(_derive, names, [options] * len(names))
        yield from entries
    finally:
        workers.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Hold an interrupt back until the workers are started. They inherit that it is held back, and
    so leave it to this process to stop them."""
    import signal

    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    former = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def _derive(target: str, options: Options) -> Entry:
    problem, wrt = find(target), options.wrt
    if options.second is not None:
        kind, names = options.second
        problem, wrt = requested(problem, kind, names, wrt), ()
    sizes: dict[str, Any] = {**resolve_sizes(problem, dict(options.sizes))}
    derivation = gradient(problem, wrt or None, check="report", seed=options.seed, **sizes)
    notation = Notation(problem)
    gradients = tuple(
        f"{plain_text(result.claim, notation)} = {plain_text(result.term, notation)}"
        for result in derivation.results
    )
    trouble = tuple(check for check in derivation.checks if check.status != "passed")
    formats = () if trouble else options.formats
    files = {name: make(derivation, options) for name, make in FORMATS.items() if name in formats}
    return Entry(problem.name, problem.title, gradients, files, trouble)


# Writing -----------------------------------------------------------------------------------------


@contextmanager
def _os_errors(folder: Path) -> Iterator[None]:
    """What the system refuses, as one clear sentence."""
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        raise InputError(f"{where} cannot be written: {error.strerror or error}") from error


def _put(root: Path, entry: Entry, former: dict[str, str]) -> None:
    """Put an entry's files into its folder; ``former`` has the digest of each file that the last
    build made, by format."""
    if not _SAFE_NAME.match(entry.name):
        raise InputError(
            f"{entry.name!r} cannot be the name of a folder: use letters, digits, _ and -"
        )
    folder = root / entry.name
    folder.mkdir(exist_ok=True)
    if folder.resolve() != root.resolve() / entry.name:
        raise InputError(f"{folder} leads out of {root}; nothing is written there")
    contents = {f"{entry.name}.{name}": content for name, content in entry.files.items()}
    write_together(folder, contents, beside=root)
    for name, digest in former.items():
        stale = folder / f"{entry.name}.{name}"
        if name not in entry.files and stale.is_file() and _digest(stale.read_bytes()) == digest:
            stale.unlink()


def _digest(content: str | bytes) -> str:
    return hashlib.sha256(as_bytes(content)).hexdigest()


class _Index:
    """The index of a folder: what each entry is, and the files that were made for it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._entries: dict[str, dict[str, Any]] = {}
        path = root / "index.json"
        if not path.exists():
            return
        with _os_errors(root):
            content = path.read_bytes()
        try:
            self._entries = _checked_entries(json.loads(content))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(
                f"{path} was not made by this version of derive; build into another folder"
            ) from error

    def files(self, name: str) -> dict[str, str]:
        """The digest of each file of an entry, by format."""
        files: dict[str, str] = self._entries.get(name, {}).get("files", {})
        return files

    def add(self, entry: Entry) -> None:
        """Note an entry, and write the index."""
        self._entries[entry.name] = {
            "name": entry.name,
            "title": entry.title,
            "gradients": list(entry.gradients),
            "files": {name: _digest(content) for name, content in sorted(entry.files.items())},
        }
        entries = sorted(self._entries.values(), key=_place)
        text = json.dumps({"schema": SCHEMA, "entries": entries}, ensure_ascii=False, indent=1)
        write_together(self._root, {"index.json": text + "\n", "index.md": _page(entries)})


def _checked_entries(index: dict[str, Any]) -> dict[str, dict[str, Any]]:
    if index["schema"] != SCHEMA:
        raise ValueError(index["schema"])
    return {entry["name"]: _checked_entry(entry) for entry in index["entries"]}


def _checked_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of the index, if it is of the right form: what it names may be removed."""
    texts = [entry["name"], entry["title"], *entry["gradients"], *entry["files"].values()]
    if not all(isinstance(text, str) for text in texts) or not _SAFE_NAME.match(entry["name"]):
        raise ValueError("no entry of an index")
    if not set(entry["files"]) <= set(FORMATS):
        raise ValueError("an unknown format")
    return entry


def _place(entry: dict[str, Any]) -> tuple[int, str]:
    """The catalogue in its own order, then others by name."""
    name = entry["name"]
    return (NAMES.index(name) if name in NAMES else len(NAMES), name)


def _page(entries: Iterable[dict[str, Any]]) -> str:
    lines = ["# Derivations", "", "| entry | gradient | files |", "|---|---|---|"]
    for entry in entries:
        name = entry["name"]
        gradients = "<br>".join(f"`{_cell(line)}`" for line in entry["gradients"])
        files = ", ".join(f"[{kind}]({name}/{name}.{kind})" for kind in entry["files"])
        lines.append(f"| {_cell(entry['title'])} | {gradients} | {files} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Text that can stand in a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")
