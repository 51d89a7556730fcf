"""Derivations that are made before their pages are read, by several processes at once.

Sphinx reads one page after the other, unless it is told otherwise, and a page waits for its
derivations. Which there are can be seen in the sources: directives are looked for before anything
is read. What is found so is only ever a guess. A directive takes what was made ahead if it is, to
the last option, what the directive asks for, and otherwise makes it itself.
"""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes

from derive.asked import Asked, OptionError, read_asked, read_label
from derive.cache import derivation_of
from derive.collector import collection_paused
from derive.errors import DeriveError

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

    from sphinx.application import Sphinx
    from sphinx.builders import Builder
    from sphinx.environment import BuildEnvironment

    from derive.derivation import Check
    from derive.document import Document

__all__ = [
    "Ahead",
    "LaidOut",
    "Order",
    "Outcome",
    "cache_of",
    "media_of",
    "order_of",
    "read_prefix",
    "start",
    "stop",
]

#: Fewer derivations than this are not worth starting processes for.
_FEWEST = 4

#: What formulas are written as, by the format of a builder; for any other format it is text.
_MEDIA = {"html": ("mathml",), "latex": ("latex",)}


def media_of(builder: Builder) -> tuple[str, ...]:
    """What the formulas of a page are written as for a builder: some of those that
    :mod:`derive.sphinx.render` knows."""
    return _MEDIA.get(builder.format, ("text",))


@dataclass(frozen=True, slots=True)
class Order:
    """What a directive asks for, and what it depends on.

    Attributes:
        asked: what is derived.
        chosen: options of the layout and their values, as they are written.
        look: that of formulas.
        label: the prefix of labels; the name of the problem, if empty.
        titled: whether there are headings.
        docname: the page.
        source, cache: the folders of the author's files and of the cache.
        media: what is written ahead, some of :func:`media_of`; nothing at all if empty.
    """

    asked: Asked
    chosen: tuple[tuple[str, str], ...]
    look: str
    label: str
    titled: bool
    docname: str
    source: Path
    cache: Path
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a build is told of a derivation.

    Attributes:
        files: those of the author's that it was made from.
        event: as of :class:`derive.cache.Found`.
        wrt: what it differentiates by.
        checks: all of its checks.
    """

    files: tuple[Path, ...]
    event: str
    wrt: tuple[str, ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A derivation as a document.

    Attributes:
        document: the document.
        outcome: what there is to tell of it.
        written: its nodes below the title, pickled; they have neither places nor numbers.
    """

    document: Document
    outcome: Outcome
    written: bytes = b""

    @classmethod
    def of(cls, order: Order) -> LaidOut:
        """Derive and lay out what is ordered.

        Raises:
            DeriveError: see :func:`derive.cache.derivation_of` and :func:`derive.document.build`.
        """
        from derive.document import build

        found = derivation_of(order.asked, order.source, order.cache)
        derivation = found.derivation
        chosen: dict[str, Any] = dict(order.chosen)
        document = build(derivation, **chosen)
        outcome = Outcome(found.files, found.event, derivation.wrt, derivation.checks)
        written = _written(document, order) if order.media else b""
        return cls(document, outcome, written)


def _written(document: Document, order: Order) -> bytes:
    from derive.sphinx.render import Renderer

    renderer = Renderer(
        document.problem,
        look=order.look,
        docname=order.docname,
        prefix=order.label or document.problem.name,
        number=lambda _: 0,
        media=order.media,
    )
    return pickle.dumps(list(renderer.document(document, titled=order.titled)))


# Processes ----------------------------------------------------------------------------------------


class Ahead:
    """Orders that other processes work at, in the order of the pages."""

    def __init__(self, orders: list[Order], processes: int) -> None:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        # Imported here, they are there in every process from the start.
        import derive.document.build
        import derive.gradients
        import derive.sphinx.render  # noqa: F401

        context = get_context("fork")
        self.workers: ProcessPoolExecutor = ProcessPoolExecutor(processes, context)
        self.futures: dict[Order, Future[bytes]] = {
            order: self.workers.submit(_worked, order) for order in dict.fromkeys(orders)
        }

    def take(self, order: Order) -> LaidOut | None:
        """What was made of an order, if it was foreseen and could be made. Each can be taken once:
        another directive that asks for the same has a label of its own."""
        from concurrent.futures.process import BrokenProcessPool

        future = self.futures.pop(order, None)
        if future is None:
            return None
        try:
            made = future.result()
        except BrokenProcessPool:  # it was killed, as where memory is short: the page is next
            return None
        found: LaidOut | None = pickle.loads(made)  # noqa: S301  # from a process of our own
        return found

    def stop(self) -> None:
        """End the processes, and forget what nobody took."""
        self.futures.clear()
        self.workers.shutdown(cancel_futures=True)


def _worked(order: Order) -> bytes:
    """What becomes of an order in another process, pickled; of one that fails it is ``None``: the
    directive will meet the same error itself, and knows where it stands."""
    with collection_paused():
        try:
            return pickle.dumps(LaidOut.of(order))
        except Exception:  # noqa: BLE001  # whatever it is, it isn't lost: it is raised once more
            return pickle.dumps(None)


def start(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Start with what the pages will ask for, if Sphinx itself doesn't read in several processes.
    A handler of ``env-before-read-docs``.

    Whoever reads pages beside others writes their formulas too, since Sphinx resolves all pages in
    one process.
    """
    from derive.sphinx.domain import domain_of

    domain = domain_of(env)
    domain.media = ()
    domain.extracts = app.builder.name == "gettext"
    if domain.extracts or not hasattr(os, "fork"):
        return
    if app.parallel > 1:
        domain.media = media_of(app.builder)
        return
    processes = app.config.derive_processes or _processors()
    if processes < 2:
        return
    orders = [order for docname in docnames for order in _orders(docname, env)]
    if len(orders) >= _FEWEST:
        domain.media = media_of(app.builder)
        foreseen = [replace(order, media=domain.media) for order in orders]
        domain.ahead = Ahead(foreseen, min(processes, len(orders)))


def stop(app: Sphinx, *_: object) -> None:
    """Everything is read, or the build has failed. A handler of ``env-updated`` and of
    ``build-finished``."""
    from derive.sphinx.domain import domain_of

    if getattr(app, "env", None) is None:
        return
    domain = domain_of(app.env)
    if domain.ahead is not None:
        domain.ahead.stop()
        domain.ahead = None


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# What pages will ask for --------------------------------------------------------------------------

#: A directive in reStructuredText and in Markdown, and an option below it.
_DIRECTIVE = re.compile(r"[ \t]*(?:\.\.[ ]+derivation::|[`:]{3,}\{derivation\})[ \t]+(\S.*)")
_OPTION = re.compile(r"[ \t]*:([a-z]+):[ \t]*(.*)")


def _orders(docname: str, env: BuildEnvironment) -> Iterator[Order]:
    try:
        lines = Path(env.doc2path(docname)).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return  # Sphinx will say so
    for place, line in enumerate(lines):
        if found := _DIRECTIVE.fullmatch(line):
            options: dict[str, str] = {}
            for below in lines[place + 1 :]:
                option = _OPTION.fullmatch(below)
                if option is None:
                    break
                options[option[1]] = option[2].strip()
            try:
                yield order_of(found[1].strip(), options, docname, env)
            except DeriveError:
                continue  # the directive will say so


def order_of(target: str, options: Mapping[str, Any], docname: str, env: BuildEnvironment) -> Order:
    """The order of a directive.

    Raises:
        OptionError: an option cannot be read.
    """
    from derive.sphinx.domain import domain_of

    config = env.config
    label = read_prefix(options.get("label", ""))
    if not label and "name" in options:
        label = nodes.make_id(options["name"])
    chosen = {
        "detail": options.get("detail", config.derive_default_detail),
        "layout": options.get("layout", config.derive_default_layout),
    }
    if "parts" in options:
        chosen["parts"] = options["parts"]
    return Order(
        asked=read_asked(target, options.get("wrt", ""), options.get("sizes", "")),
        chosen=tuple(chosen.items()),
        look=options.get("look", config.derive_default_look),
        label=label,
        titled="untitled" not in options,
        docname=docname,
        source=Path(env.srcdir),
        cache=cache_of(env),
        media=domain_of(env).media,
    )


def cache_of(env: BuildEnvironment) -> Path:
    """The folder of the cache."""
    chosen: str = env.config.derive_cache_directory
    return Path(env.srcdir, chosen) if chosen else Path(env.doctreedir, "derive-cache")


def read_prefix(given: str) -> str:
    """The prefix of labels that is given, empty if there is none.

    Raises:
        InputError: it cannot be one, or no id can be made of it.
    """
    label = read_label(given)
    if label and not nodes.make_id(label):
        raise OptionError(f"label: no id can be made of {label[:40]!r}, which has no letter in it")
    return label
