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

What cannot be derived, and a derivation whose checks fail, is a warning that names the page, so
that ``mkdocs build --strict`` fails; the page says what is wrong in its place.

Without MkDocs, for anything that reads Markdown with pymdownx.superfences, :func:`fence` and
:func:`validate` are a custom fence of their own.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from derive.errors import DeriveError, InputError

if TYPE_CHECKING:
    from derive.gradients import Derivation

__all__ = ["Request", "fence", "validate"]

#: MkDocs counts the warnings of its own loggers: with ``--strict`` one of them fails the build.
_log = logging.getLogger("mkdocs.plugins.derive")

_OPTION = re.compile(r"\s*([A-Za-z_]\w*)\s*:\s*(.*)")


@dataclass(frozen=True)
class Request:
    """What a fence asks for.

    Attributes:
        name: a catalogue name, or ``path/to/file.py:name``, from the folder of ``mkdocs.yml``.
        wrt: what to differentiate by; what the problem says if empty.
        sizes: the sizes of the written-out case, as pairs.
        detail, layout, look, parts, label: as the exporters take them; empty for their own choice.
    """

    name: str
    wrt: tuple[str, ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()
    detail: str = ""
    layout: str = ""
    look: str = ""
    parts: str = ""
    label: str = ""

    @classmethod
    def read(cls, source: str, header: Mapping[str, str] | None = None) -> Request:
        """What is asked for by the lines of a fence and by the options in its header.

        A name of at most three letters that is no option is that of a size: ``m: 3``.

        Raises:
            InputError: a line cannot be read, an option is given twice, or there is none such.

        >>> Request.read("name: mlp\\nm: 3")
        Request(name='mlp', wrt=(), sizes=(('m', 3),), detail='', layout='', look='', parts='', \
label='')
        """
        given = dict(header or {})
        for line in source.splitlines():
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            # The colon of a path is no option's: no space follows it.
            found = _OPTION.fullmatch(line) if re.search(r":(\s|$)", line) else None
            key, value = found.groups() if found else ("name", line)
            if key in given:
                raise InputError(
                    f"{key} is given twice, as {given[key]!r} and as {value.strip()!r}"
                )
            given[key] = value.strip().strip("\"'")
        if not given.get("name"):
            raise InputError("say what is derived: a catalogue name, or path/to/file.py:name")
        sizes = _sizes(given.pop("sizes", ""))
        known = [field.name for field in fields(cls)]
        for key in [key for key in given if key not in known]:
            if len(key) > 3:
                near = get_close_matches(key, [*known, "sizes"], n=1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
                raise InputError(f"there is no option {key!r}; {hint}")
            sizes += _sizes(f"{key}={given.pop(key)}")
        names = [name for name, _ in sizes]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"the size {name} is given twice")
        wrt = tuple(given.pop("wrt", "").replace(",", " ").split())
        return cls(wrt=wrt, sizes=sizes, **given)


def _sizes(text: str) -> tuple[tuple[str, int], ...]:
    sizes = []
    for part in filter(None, text.replace(",", " ").split()):
        name, _, value = part.partition("=")
        if not value.isdecimal():
            raise InputError(f"{part!r} is no size; write m=3")
        sizes.append((name, int(value)))
    return tuple(sizes)


class Fences:
    """The fences of a site.

    Attributes:
        page: what the page is called in warnings.
        folder: where paths of problems start.
        defaults: options for fences that don't have them.
        files: the files that the pages depend on.
    """

    def __init__(self) -> None:
        self.page = ""
        self.folder = Path()
        self.defaults: dict[str, str] = {}
        self.files: set[Path] = set()
        self._derived: dict[object, Derivation] = {}
        self._on_page: WeakKeyDictionary[Any, list[str]] = WeakKeyDictionary()

    def fence(self, source: str, md: Any, options: Mapping[str, str] | None = None) -> str:
        """The HTML of a fence; an error is a warning, and a box on the page."""
        try:
            request = Request.read(source, options)
            chosen = {key: value for key, value in self.defaults.items() if value}
            missing: dict[str, Any] = {
                key: value for key, value in chosen.items() if not getattr(request, key)
            }
            return self._html(replace(request, **missing), md)
        except DeriveError as error:
            where = f"{self.page}: " if self.page else ""
            _log.warning("%sderivation: %s", where, error)
            return _box(str(error), source)

    def _html(self, request: Request, md: Any) -> str:
        from derive.exporters import html
        from derive.notation import Look

        derivation = self._derivation(request)
        chosen: dict[str, Any] = {}
        for option in ("detail", "layout", "parts"):
            if value := getattr(request, option):
                chosen[option] = value
        if request.look:
            chosen["look"] = Look.read(request.look)
        labels = self._on_page.setdefault(md, [])
        label = request.label or derivation.problem.name
        if request.label in labels and request.label:
            raise InputError(f"two derivations of this page have the label {label!r}")
        names = [label, *(f"{label}-{n}" for n in range(2, len(labels) + 3))]
        label = next(name for name in names if name not in labels)
        # Two derivations of one page need labels of their own, and share one style sheet.
        written = html.export(derivation, page=False, label=label, style=not labels, **chosen)
        labels.append(label)
        return written

    def _derivation(self, request: Request) -> Derivation:
        """The derivation, made anew only if what it is made from has changed."""
        from derive.gradients import gradient
        from derive.targets import find

        target, content = request.name, b""
        path, colon, name = request.name.rpartition(":")
        if colon:
            file = (self.folder / path).resolve()
            self.files.add(file)
            target = f"{file}:{name}"
            content = file.read_bytes() if file.is_file() else b""
        key = (target, content, request.wrt, request.sizes)
        if key not in self._derived:
            problem = find(target)
            sizes: dict[str, Any] = dict(request.sizes)
            derived = gradient(problem, request.wrt or None, check="report", **sizes)
            failed = [check for check in derived.checks if check.status != "passed"]
            if failed:
                said = "; ".join(check.message or str(check.about) for check in failed)
                raise InputError(
                    f"of the checks of {request.name}, {len(failed)} did not pass: {said}"
                )
            self._derived[key] = derived
        return self._derived[key]


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
        self.fences.defaults = {key: self.config[key] for key in _DEFAULTS}

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
        return config

    def on_page_markdown(self, _source: str, *, page: Any, **_: Any) -> None:
        """Note which page is made, for warnings."""
        self.fences.page = page.file.src_uri

    def on_serve(self, server: Any, **_: Any) -> Any:
        """Build anew when a problem's file changes."""
        for file in sorted(self.fences.files):
            if file.is_file():
                server.watch(str(file))
        return server


#: Options of the plugin: what fences without them have.
_DEFAULTS = ("detail", "layout", "look", "parts")


def __getattr__(name: str) -> Any:
    """The plugin's class is made when MkDocs asks for it, so that nobody else needs MkDocs."""
    if name != "DerivePlugin":
        raise AttributeError(f"{__name__} has no {name!r}")
    from importlib import import_module

    plugins = import_module("mkdocs.plugins")
    option = import_module("mkdocs.config.config_options").Type
    scheme = tuple((key, option(str, default="")) for key in _DEFAULTS)
    made = type(
        name, (Hooks, plugins.BasePlugin), {"config_scheme": scheme, "__module__": __name__}
    )
    globals()[name] = made
    return made
