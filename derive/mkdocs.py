r"""Derivations in pages that MkDocs builds: a fence, and a thin plugin that sees to it.

With the plugin, in ``mkdocs.yml``::

    plugins:
      - search
      - derive

a fence stands for a derivation, by its name alone or with options, one a line::

    ```derivation
    name: logistic_regression
    wrt: w
    m: 3
    n: 2
    layout: rows
    parts: result, any
    ```

Numbers of equations go on from one fence of a page to the next. An equation's address on the page
is the fence's ``label`` (the name of the problem where it has none) with the label of the line, as
in ``[that step](#fit:lemma:5)``.

Derivations are kept in ``.cache/plugin/derive`` (the plugin's option ``cache_dir``) beside
``mkdocs.yml``, and made anew only if what they are made from has changed. A problem of the
author's own is ``path/to/file.py:name`` or ``module:name``, in the folder of ``mkdocs.yml``.

What cannot be derived, and a derivation whose checks fail, is a warning that names the page, so
that ``mkdocs build --strict`` fails; the page says what is wrong in its place.

Without MkDocs, for anything that reads Markdown with pymdownx.superfences, :func:`fence` and
:func:`validate` are a custom fence of their own.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from derive.asked import Request, read_request
from derive.errors import DeriveError, InputError
from derive.files import write_whole

__all__ = ["fence", "read_fence", "validate"]

#: MkDocs counts the warnings of its own loggers: with ``--strict`` one of them fails the build.
_log = logging.getLogger("mkdocs.plugins.derive")

_OPTION = re.compile(r"\s*([A-Za-z_]\w*)\s*:\s*(.*)")

#: Where the site has the style sheet and the script that all its derivations share.
_SHEET, _SCRIPT = "assets/derive/derive.css", "assets/derive/derive.js"


def read_fence(source: str, header: Mapping[str, str] | None = None) -> Request:
    """What is asked for by the lines of a fence and by the options in its header.

    Raises:
        InputError: a line cannot be read, an option is given twice, or there is none such.

    >>> read_fence("name: mlp\\nm: 3").asked
    Asked(target='mlp', wrt=(), sizes=(('m', 3),), seed=0)
    """
    given = dict(header or {})
    for line in source.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        # The colon of a path is no option's: no space follows it.
        found = _OPTION.fullmatch(line) if re.search(r":(\s|$)", line) else None
        key, value = found.groups() if found else ("name", line)
        if key in given:
            raise InputError(f"{key} is given twice, as {given[key]!r} and as {value.strip()!r}")
        given[key] = value.strip().strip("\"'")
    return read_request(given.pop("name", ""), given)


@dataclass(slots=True)
class _Page:
    """What a page has so far: the labels of its derivations, and how many numbered lines."""

    labels: list[str] = field(default_factory=list)
    numbered: int = 0


class Fences:
    """The fences of a site.

    Attributes:
        page: what the page is called in warnings.
        folder: where paths of problems start, and which they don't leave.
        cache: the folder of the derivations that are kept; none are if it is ``None``.
        defaults: options for fences that don't have them.
        shares: whether the page loads the style sheet; otherwise its first fence brings it.
        files: the files that the pages depend on.
    """

    def __init__(self) -> None:
        self.page = ""
        self.folder = Path()
        self.cache: Path | None = None
        self.defaults: dict[str, str] = {}
        self.shares = False
        self.files: set[Path] = set()
        self._on_page: WeakKeyDictionary[Any, _Page] = WeakKeyDictionary()

    def fence(self, source: str, md: Any, options: Mapping[str, str] | None = None) -> str:
        """The HTML of a fence; an error is a warning, and a box on the page."""
        try:
            return self._html(read_fence(source, options), md)
        except DeriveError as error:
            where = f"{self.page}: " if self.page else ""
            message = " ".join(str(error).split())
            _log.warning("%sderivation: %s", where, message)
            return _box(message, source)

    def _html(self, request: Request, md: Any) -> str:
        from derive.cache import checked, derivation_of
        from derive.exporters import html

        found = derivation_of(request.asked, self.folder, self.cache)
        self.files.update(found.files)
        derivation = checked(found)
        page = self._on_page.setdefault(md, _Page())
        labels = page.labels
        label = request.label or derivation.problem.name
        if request.label in labels and request.label:
            raise InputError(f"two derivations of this page have the label {label!r}")
        names = [label, *(f"{label}-{n}" for n in range(2, len(labels) + 3))]
        label = next(name for name in names if name not in labels)
        # Two derivations of one page need labels of their own, and share one style sheet.
        written = html.export(
            derivation,
            page=False,
            label=label,
            style=not (labels or self.shares),
            **request.printed(self.defaults),
        )
        labels.append(label)
        written, page.numbered = _numbered_from(written, page.numbered)
        return written


#: The number of a line, and a reference to one. Words of authors hold no tag: they are escaped.
_NUMBER = re.compile(
    r'(<span class="derive-number">\(|<a class="derive-reference" href="[^"]*">\()(\d+)(?=\))'
)


def _numbered_from(written: str, before: int) -> tuple[str, int]:
    """A derivation whose numbers go on after those of the page, and the last of them.

    >>> _numbered_from('<span class="derive-number">(1)</span>', 4)
    ('<span class="derive-number">(5)</span>', 5)
    """
    last = max((int(number) for _, number in _NUMBER.findall(written)), default=0)
    return _NUMBER.sub(lambda found: f"{found[1]}{before + int(found[2])}", written), before + last


def _box(message: str, source: str) -> str:
    """What stands where a derivation should: nothing is left out in silence."""
    return (
        '<div class="admonition danger derive-error" role="alert">'
        '<p class="admonition-title">This derivation could not be made</p>'
        f"<p>{escape(message)}</p><pre>{escape(source)}</pre></div>"
    )


# For pymdownx.superfences ------------------------------------------------------------------------

_fences = Fences()


def validate(
    language: str, inputs: dict[str, str], options: dict[str, Any], attrs: dict[str, Any], md: Any
) -> bool:
    """The options in the header of a fence: all are kept, and judged when the fence is printed."""
    options.update(inputs)
    return True


def fence(
    source: str,
    language: str,
    css_class: str,
    options: dict[str, Any],
    md: Any,
    **others: Any,
) -> str:
    """A fence as HTML, see :mod:`derive.mkdocs`.

    Raises:
        SuperFencesException: this program has an error. Any other exception would make the fence
            a block of code, in silence.
    """
    return _formatted(_fences, source, options, md)


def _formatted(fences: Fences, source: str, options: dict[str, Any], md: Any) -> str:
    try:
        return fences.fence(source, md, options)
    except Exception as error:
        from importlib import import_module

        failure = import_module("pymdownx.superfences").SuperFencesException
        raise failure(f"derivation: {type(error).__name__}: {error}") from error


# For MkDocs --------------------------------------------------------------------------------------


class Hooks:
    """What the plugin does; MkDocs' own base class is added where there is MkDocs."""

    config: Any
    fences: Fences

    def on_config(self, config: Any) -> Any:
        """Make ``derivation`` a fence of every page."""
        self.fences = Fences()
        if config["config_file_path"]:
            self.fences.folder = Path(config["config_file_path"]).parent
        cache = self.config["cache_dir"]
        self.fences.cache = self.fences.folder / (cache or ".cache/plugin/derive")
        self.fences.defaults = {key: self.config[key] for key in _DEFAULTS}
        self.fences.shares = True

        def formatted(
            source: str, language: str, css_class: str, options: dict[str, Any], md: Any, **_: Any
        ) -> str:
            return _formatted(self.fences, source, options, md)

        name = "pymdownx.superfences"
        if name not in config["markdown_extensions"]:
            config["markdown_extensions"].append(name)
        settings = config["mdx_configs"].setdefault(name, {})
        own = {
            "name": "derivation",
            "class": "derivation",
            "format": formatted,
            "validator": validate,
        }
        others = [
            each for each in settings.get("custom_fences", ()) if each["name"] != "derivation"
        ]
        settings["custom_fences"] = [*others, own]
        # Both read fences, and the one of Python-Markdown would leave the marks behind.
        if "fenced_code" in config["markdown_extensions"]:
            config["markdown_extensions"].remove("fenced_code")
        for key, address in (("extra_css", _SHEET), ("extra_javascript", _SCRIPT)):
            config[key] = [*(each for each in config.get(key) or () if each != address), address]
        return config

    def on_page_markdown(self, _source: str, *, page: Any, **_: Any) -> None:
        """Note which page is made, for warnings."""
        self.fences.page = page.file.src_uri

    def on_page_content(self, html: str, *, page: Any, **_: Any) -> None:
        """Tell MkDocs, where it looks for the targets of links, of those inside of derivations."""
        known = getattr(page, "present_anchor_ids", None)
        if known is not None:
            known.update(unescape(name) for name in re.findall(r'\bid="([^"]*)"', html))

    def on_post_build(self, *, config: Any, **_: Any) -> None:
        """Put the style sheet and the script into the site: nothing is loaded from elsewhere."""
        from derive.exporters import html

        site = Path(config["site_dir"])
        write_whole(site / _SHEET, html.stylesheet() + _LEVELLED)
        write_whole(site / _SCRIPT, _STARTED.replace("SCRIPT", html.script().strip()))

    def on_serve(self, server: Any, **_: Any) -> Any:
        """Build anew when a problem's file changes."""
        for file in sorted(self.fences.files):
            if file.is_file():
                server.watch(str(file))
        return server


#: Options of the plugin: what fences without them have.
_DEFAULTS = ("detail", "layout", "look", "parts")

#: Themes made of Bootstrap give a legend a line of its own, as wide as there is room.
_LEVELLED = """
.derive .derive-switch legend { width: auto; margin: 0; line-height: inherit; }
"""

#: The script of derivations, run once the page is there. A theme that changes pages without loading
#: them anew (Material's instant navigation) says when it has done so.
_STARTED = """"use strict";
const derive = () => {
SCRIPT
};
if (typeof document$ !== "undefined") {
  document$.subscribe(derive);
} else if (document.readyState === "loading") {
  document.addEventListener("DOMContentLoaded", derive);
} else {
  derive();
}
"""


def __getattr__(name: str) -> Any:
    """The plugin's class is made when MkDocs asks for it, so that nobody else needs MkDocs."""
    if name != "DerivePlugin":
        raise AttributeError(f"{__name__} has no {name!r}")
    from importlib import import_module

    plugins = import_module("mkdocs.plugins")
    option = import_module("mkdocs.config.config_options").Type
    scheme = tuple((key, option(str, default="")) for key in (*_DEFAULTS, "cache_dir"))
    made = type(
        name, (Hooks, plugins.BasePlugin), {"config_scheme": scheme, "__module__": __name__}
    )
    globals()[name] = made
    return made
