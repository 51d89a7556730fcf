"""What each command does. Everything but the catalogue is imported where it is needed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from derive.errors import InputError

if TYPE_CHECKING:
    from derive.build import Entry
    from derive.catalogue import Family
    from derive.gradients import Derivation
    from derive.model import Problem
    from derive.notation import Mark

__all__ = ["COMMANDS"]

#: The width of text that no terminal limits.
WIDTH = 100


def _list(options: argparse.Namespace) -> int:
    from derive.catalogue import load

    families = _families(options.family)
    if options.json:
        import json

        from derive.exporters.json import describe

        described = [
            {**describe(load(name)), "family": family.name}
            for family in families
            for name in family.entries
        ]
        print(json.dumps(described, ensure_ascii=False, indent=1))
        return 0
    terminal = sys.stdout.isatty()
    columns = _width(options) if terminal else None
    names = max(len(name) for family in families for name in family.entries)
    for number, family in enumerate(families):
        if terminal:
            print(f"{'' if number == 0 else chr(10)}{family.title} ({family.name})")
        entries = [(name, load(name).title) for name in family.entries]
        for line in _listed(entries, columns, names):
            print(line)
    return 0


def _families(names: Sequence[str]) -> tuple[Family, ...]:
    """The families of those names, in teaching order; all if none is asked for.

    Raises:
        InputError: there is no family of a name.
    """
    from derive.catalogue import FAMILIES

    known = [family.name for family in FAMILIES]
    for name in names:
        if name not in known:
            raise InputError(f"there is no family {name!r}; there are {', '.join(known)}")
    return tuple(family for family in FAMILIES if not names or family.name in names)


#: A title in less room than this stands below its name.
_ROOM_FOR_A_TITLE = 30


def _listed(entries: list[tuple[str, str]], columns: int | None, width: int = 0) -> Iterator[str]:
    """Names, at least ``width`` wide, with their titles beside them, wrapped at words; each on one
    line if nothing limits it, so that other programs can read it."""
    from textwrap import wrap

    width = max(width, *(len(name) for name, _ in entries))
    if columns is None:
        yield from (f"{name:{width}}  {title}" for name, title in entries)
        return
    room = columns - width - 2
    for name, title in entries:
        if room < _ROOM_FOR_A_TITLE:
            yield name
            yield from (f"  {line}" for line in wrap(title, columns - 2, break_on_hyphens=False))
            continue
        first, *others = wrap(title, room, break_on_hyphens=False) or [""]
        yield f"{name:{width}}  {first}"
        yield from (f"{'':{width}}  {line}" for line in others)


def _show(options: argparse.Namespace) -> int:
    from derive.catalogue import chains

    if options.name in chains.NAMES:
        return _show_chain(options)
    derivation = _derivation(options)
    from derive.exporters import text

    sys.stdout.write(
        text.export(
            derivation,
            width=_width(options),
            mark=_mark(),
            **_printed(options),
        )
    )
    return 0


def _show_chain(options: argparse.Namespace) -> int:
    """A proof for chains of every length. Its written-out cases are those of the checks."""
    from derive.catalogue import chains
    from derive.document.induction import build_induction
    from derive.exporters import text
    from derive.induction import prove
    from derive.notation import PLAIN

    given = options.parts is not None or options.second is not None
    if options.wrt or options.sizes or given or _describes_network(options):
        raise InputError(
            f"{options.name} is proved for every length and by every parameter: it takes no sizes, "
            "no --wrt, no --parts, no second derivatives and no options of mlp"
        )
    proved = prove(chains.load(options.name), seed=options.seed)
    document = build_induction(proved, detail=options.detail, layout=options.layout)
    look = options.look or PLAIN
    sys.stdout.write(text.write(document, width=_width(options), mark=_mark(), look=look))
    return 0


def _describes_network(options: argparse.Namespace) -> bool:
    names = ("widths", "depth", "activation", "output", "loss")
    return any(getattr(options, name) is not None for name in names)


def _why(options: argparse.Namespace) -> int:
    derivation = _derivation(options)
    from derive.exporters import text

    sys.stdout.write(text.export_why(derivation, width=_width(options), mark=_mark()))
    return 0


def _derivation(options: argparse.Namespace) -> Derivation:
    from derive.beside import Beside

    with Beside() as beside:
        from derive.gradients import gradient
        from derive.small_case import resolve_sizes

        problem, wrt = _problem(options), options.wrt
        if options.second is not None:
            from derive.second_order import requested

            kind, names = options.second
            problem, wrt = requested(problem, kind, names, tuple(wrt)), []
        sizes: dict[str, Any] = {**resolve_sizes(problem, _sizes(options))}
        return gradient(problem, wrt or None, seed=options.seed, beside=beside, **sizes)


def _problem(options: argparse.Namespace) -> Problem:
    """What the command is about: by its name, or the network that the options describe."""
    from derive.targets import find

    given = {
        name: getattr(options, name)
        for name in ("activation", "output", "loss")
        if getattr(options, name) is not None
    }
    if not _describes_network(options):
        return find(options.name)
    if options.name != "mlp":
        raise InputError(
            "--widths, --depth, --activation, --output and --loss describe mlp, "
            f"not {options.name!r}"
        )
    if options.widths is not None and options.depth is not None:
        raise InputError("--widths and --depth both say how many layers there are: give one")
    from derive.language import mlp

    return mlp(_layer_widths(options.widths, options.depth), **given)


#: A network of so many layers is derived and printed in about a minute.
_DEEPEST = 32


def _layer_widths(widths: tuple[str, ...] | None, depth: int | None) -> tuple[str | int, ...]:
    """The widths as they are given, or for a depth: ``n``, a width for each hidden layer, ``K``."""
    if widths is not None:
        return tuple(int(each) if each.isdecimal() else each for each in widths)
    if depth is not None and depth > _DEEPEST:
        raise InputError(
            f"a network of {depth} layers is too long a page: at most {_DEEPEST}; deep_network is "
            "proved for every number of layers"
        )
    hidden = (depth or 2) - 1
    names = ["H"] if hidden == 1 else [f"n_{layer}" for layer in range(1, hidden + 1)]
    return ("n", *names, "K")


def _printed(options: argparse.Namespace) -> dict[str, Any]:
    """What is printed, and how, as every exporter of a document takes it."""
    from derive.document import PARTS
    from derive.notation import PLAIN

    return {
        "detail": options.detail,
        "layout": options.layout,
        "look": options.look or PLAIN,
        "parts": PARTS if options.parts is None else options.parts,
    }


def _sizes(options: argparse.Namespace) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name, value in options.sizes:
        if sizes.setdefault(name, value) != value:
            raise InputError(f"the size {name} is given twice, as {sizes[name]} and as {value}")
    return sizes


def _width(options: argparse.Namespace) -> int:
    import shutil

    from derive.exporters.text import NARROWEST

    width: int | None = getattr(options, "width", None)  # derive list has no such option
    if width is not None:
        return width
    if not sys.stdout.isatty():
        return WIDTH
    return max(shutil.get_terminal_size((WIDTH, 24)).columns, NARROWEST)


def _mark() -> Mark:
    """How the tracked factor is shown: between brackets, and in colour where colours are wanted."""
    from derive.notation import in_brackets

    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return in_brackets
    return lambda text: f"\x1b[1;31m{in_brackets(text)}\x1b[0m"


# Building ----------------------------------------------------------------------------------------


def _build(options: argparse.Namespace) -> int:
    from derive.build import Options, build
    from derive.catalogue import NAMES

    chosen = Options(
        formats=options.formats,
        wrt=tuple(options.wrt),
        sizes=tuple(_sizes(options).items()),
        fragment=options.fragment,
        seed=options.seed,
        second=options.second,
        **_printed(options),
    )
    targets = tuple(dict.fromkeys(options.names)) or NAMES
    jobs = options.jobs or os.cpu_count() or 1
    troubled: list[Entry] = []
    with _progress(len(targets)) as done:
        for entry in build(targets, options.output, chosen, jobs=jobs):
            done(f"{entry.name}: not written" if entry.trouble else f"{entry.name}")
            if entry.trouble:
                troubled.append(entry)
    for entry in troubled:
        print(_report(entry), file=sys.stderr)
    if not troubled:
        print(f"{len(targets)} of {len(targets)} written to {options.output}")
    return 1 if troubled else 0


def _tex(options: argparse.Namespace) -> int:
    from pathlib import Path

    from derive.tex_marks import refresh

    filled = refresh(Path(options.path))
    for path in filled.written:
        print(path)
    print(
        f"{len(filled.written)} files are new or have changed, {len(filled.removed)} were removed"
    )
    return 0


def _report(entry: Entry) -> str:
    failed = [check for check in entry.trouble if check.status == "failed"]
    not_run = len(entry.trouble) - len(failed)
    parts = [f"{len(failed)} failed"] if failed else []
    parts += [f"{not_run} could not run"] if not_run else []
    lines = [f"derive: {entry.name} was not written: of its checks, {' and '.join(parts)}"]
    lines += [f"  {check.message or check.about}" for check in entry.trouble]
    return "\n".join(lines)


def _progress(total: int) -> AbstractContextManager[Callable[[str], Any]]:
    """What is told of each entry that is done: a bar on a terminal, else a line each."""
    if not sys.stderr.isatty():
        return nullcontext(print)
    return _Bar(total)


class _Bar:
    """A progress bar on the terminal."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task("deriving", total=total)

    def __enter__(self) -> Callable[[str], Any]:
        self._progress.start()
        return self._done

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _done(self, words: str) -> None:
        from rich.markup import escape

        self._progress.update(self._task, advance=1, description=escape(words))


#: Each command by its name.
COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = MappingProxyType(
    {"list": _list, "show": _show, "why": _why, "build": _build, "tex": _tex}
)
