r"""Quarto, and pandoc by itself: what the filter ``derive.lua`` asks for.

The filter calls the command ``derive-quarto`` once for each derivation::

    derive-quarto derivation FOLDER problem=logistic_regression wrt=w
    derive-quarto gradient FOLDER problem=logistic_regression label=fit
    derive-quarto inline FOLDER problem=logistic_regression wrt=w

and reads Markdown from it. The values are arguments of their own, never words of a shell. Files of
costs are in the folder or below it; derivations are kept in its folder ``.derive-cache``.

``derive-quarto install FOLDER`` puts the filter into a project.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from derive import __version__
from derive.asked import OptionError, Request, read_request, read_whole
from derive.cache import printed_of
from derive.errors import CheckFailed, DeriveError, InputError
from derive.files import write_together

if TYPE_CHECKING:
    from derive.gradients import Derivation

__all__ = ["extension", "main", "run"]

#: The folder of the cache, in that of the project.
CACHE = ".derive-cache"

_USAGE = "use: derive-quarto derivation|gradient|inline FOLDER problem=NAME …, or install FOLDER"


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer one call of the filter's, or install it.

    Args:
        arguments: without the name of the program; those of the process if left out.

    Returns:
        The exit status: 0, or 1 if a check failed, 2 if what is asked for cannot be done. The
        message is on the standard output: the filter prints what it reads there.

    >>> main(["inline", ".", "problem=linear_regression", "wrt=w", "detail"])
    'detail' is no option; write name=value
    2
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    try:
        print(_answer(given))
    except DeriveError as error:
        print(" ".join(str(error).split()))
        return 1 if isinstance(error, CheckFailed) else 2
    return 0


def run() -> None:
    """The command ``derive-quarto``."""
    sys.exit(main())


def extension() -> dict[str, str]:
    """The files of the Quarto extension, by name.

    >>> sorted(extension())
    ['_extension.yml', 'derive.lua']
    """
    filter_file = Path(__file__).with_name("quarto.lua")
    about = (
        "title: derive\n"
        "author: derive contributors\n"
        f"version: {__version__}\n"
        "contributes:\n"
        "  filters:\n"
        "    - derive.lua\n"
    )
    source = filter_file.read_text(encoding="utf-8").replace("\r\n", "\n")
    return {"_extension.yml": about, "derive.lua": source}


def _answer(given: list[str]) -> str:
    if len(given) < 2 or given[0] not in (*_KINDS, "install"):
        raise InputError(_USAGE)
    kind, folder, *options = given
    if kind == "install":
        return _install(Path(folder))
    named: dict[str, str] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not (name and equals):
            raise OptionError(f"{option[:40]!r} is no option; write name=value")
        if name in named:
            raise OptionError(f"the option {name[:40]} stands twice")
        named[name] = value
    heading = read_whole("heading", named.pop("heading", "2"))
    request = read_request(named.pop("problem", ""), named, others=("problem", "heading"))
    place = Path(folder)
    return printed_of(
        request.asked,
        place,
        place / CACHE,
        repr((kind, request, heading)),
        lambda derivation: _KINDS[kind](derivation, request, heading).rstrip("\n"),
    )


def _install(folder: Path) -> str:
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}")
    place = folder / "_extensions" / "derive"
    try:
        place.mkdir(parents=True, exist_ok=True)
        write_together(place, extension())
    except OSError as error:
        raise InputError(f"{place} cannot be written: {error.strerror or error}") from error
    return f"{place}: put `filters: [derive]` into _quarto.yml or into the head of a page"


# What there is ------------------------------------------------------------------------------------


def _derivation(derivation: Derivation, request: Request, heading: int) -> str:
    from derive.exporters import pandoc_markdown

    return pandoc_markdown.export(
        derivation, label=request.label, heading=heading, **request.printed()
    )


def _gradient(derivation: Derivation, request: Request, heading: int) -> str:
    from derive.exporters import pandoc_markdown

    return pandoc_markdown.results(derivation, label=request.label, **_look(request))


def _inline(derivation: Derivation, request: Request, heading: int) -> str:
    from derive.exporters import pandoc_markdown

    return pandoc_markdown.results_inline(derivation, **_look(request))


def _look(request: Request) -> dict[str, Any]:
    """A result has a look; whatever else the request says of what is printed, it hasn't."""
    for name in ("detail", "layout", "parts"):
        if getattr(request, name):
            raise OptionError(f"a result has no option {name}")
    return request.printed()


_KINDS: Mapping[str, Callable[[Derivation, Request, int], str]] = MappingProxyType(
    {"derivation": _derivation, "gradient": _gradient, "inline": _inline}
)

if __name__ == "__main__":
    run()
