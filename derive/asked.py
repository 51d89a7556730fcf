"""What an author asks for: in a directive, a role, a fence, an attribute or a mark of LaTeX.

Each medium has its own way to write options; what they are called and what they mean is the same
everywhere, and is said here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from derive.errors import InputError

__all__ = [
    "OPTIONS",
    "Asked",
    "OptionError",
    "Request",
    "read_asked",
    "read_label",
    "read_request",
    "read_role",
    "read_switch",
    "read_whole",
    "unknown_option",
]

#: The options of a derivation, in every medium.
OPTIONS = ("wrt", "sizes", "seed", "detail", "layout", "parts", "look", "label")

#: A name of at most so many letters that is no option is taken for that of a size.
_LONGEST_SIZE = 3

_SIZE = re.compile(r"([^\W\d]\w*)=([0-9]{1,9})", re.ASCII)
_SWITCHES = {"": True, "true": True, "yes": True, "false": False, "no": False}


class OptionError(InputError):
    """An option has a value that it cannot have, or there is no such option."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A derivation that is asked for.

    Attributes:
        target: the name of a catalogue entry, ``module:name`` or ``file.py:name``.
        wrt: what to differentiate by; what the problem says, if empty.
        sizes: the sizes of the written-out case that are given, sorted by name.
        seed: for the random values of the checks.
    """

    target: str
    wrt: tuple[str, ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """A derivation, and how it is printed. An option that is not given is empty.

    Attributes:
        asked: what is derived.
        detail, layout, parts, look: as an exporter takes them.
        label: the prefix of the labels of its equations.
    """

    asked: Asked
    detail: str = ""
    layout: str = ""
    parts: str = ""
    look: str = ""
    label: str = ""

    def printed(self, defaults: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The arguments that the exporters of a document have in common, as far as they are given.

        Args:
            defaults: what holds for ``detail``, ``layout``, ``parts`` and ``look`` where the
                request has nothing.

        Raises:
            OptionError: the look cannot be read.

        >>> Request(Asked("mean_loss"), detail="brief").printed({"layout": "rows"})
        {'detail': 'brief', 'layout': 'rows'}
        """
        chosen: dict[str, Any] = {}
        for name in ("detail", "layout", "parts", "look"):
            if value := getattr(self, name) or (defaults or {}).get(name, ""):
                chosen[name] = value
        if "look" in chosen:
            from derive.notation import Look

            try:
                chosen["look"] = Look.read(chosen["look"])
            except InputError as error:
                raise OptionError(f"look: {error}") from error
        return chosen


def read_request(
    target: str, options: Mapping[str, str], *, others: Collection[str] = ()
) -> Request:
    """What is asked for by a name and by options.

    Args:
        target: the name.
        options: values by name. A name that is no option is that of a size: ``{"m": "3"}``.
        others: options that only this medium has, which the caller reads.

    Raises:
        OptionError: an option cannot be read, or there is none such.

    >>> read_request("mlp", {"m": "3", "wrt": "W1, b1", "detail": "brief"})
    Request(asked=Asked(target='mlp', wrt=('W1', 'b1'), sizes=(('m', 3),), seed=0), \
detail='brief', layout='', parts='', look='', label='')
    """
    known = (*OPTIONS, *others)
    alone = {name: value for name, value in options.items() if name not in known}
    for name, value in alone.items():
        _check_size(name, value, known)
    sizes = ", ".join(
        [options.get("sizes", ""), *(f"{name}={value}" for name, value in alone.items())]
    )
    asked = read_asked(target, options.get("wrt", ""), sizes, options.get("seed", "0"))
    chosen = {name: options.get(name, "").strip() for name in ("detail", "layout", "parts", "look")}
    # The exporters judge the label: here it would cost the import of all that they know.
    return Request(asked, **chosen, label=options.get("label", "").strip())


def _check_size(name: str, value: str, known: Collection[str]) -> None:
    """That what is no option can be a size."""
    if re.fullmatch(r"[0-9]{1,9}", value.strip()):
        return
    if len(name) <= _LONGEST_SIZE and name.isidentifier():
        raise OptionError(f"'{name}={value[:40]}' is no size; write {name}=3")
    raise unknown_option(name, known)


def unknown_option(name: str, known: Collection[str]) -> OptionError:
    """The error about an option that there isn't.

    >>> print(unknown_option("detial", OPTIONS))
    there is no option detial; did you mean detail?
    """
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return OptionError(f"there is no option {name[:40]}; {hint}")


def read_asked(target: str, wrt: str = "", sizes: str = "", seed: str = "0") -> Asked:
    """The derivation that is asked for.

    Args:
        target: its name.
        wrt: quantities, with commas or spaces between them.
        sizes: sizes such as ``m=3``, with commas or spaces between them.
        seed: a whole number.

    Raises:
        OptionError: nothing is named, or the sizes or the seed cannot be read.

    >>> read_asked("mean_loss", "W, b", "m=3, n=2")
    Asked(target='mean_loss', wrt=('W', 'b'), sizes=(('m', 3), ('n', 2)), seed=0)
    """
    found: dict[str, int] = {}
    for part in re.sub(r"\s*=\s*", "=", sizes).replace(",", " ").split():
        match = _SIZE.fullmatch(part)
        if match is None:
            raise OptionError(f"{part[:40]!r} is no size; write sizes as m=3, n=2")
        if match[1] in found:
            raise OptionError(f"the size {match[1]} is given twice")
        found[match[1]] = int(match[2])
    name = " ".join(target.split())
    if not name:
        raise OptionError("say what is derived: a catalogue name, or path/to/file.py:name")
    names = tuple(wrt.replace(",", " ").split())
    return Asked(name, names, tuple(sorted(found.items())), read_whole("seed", seed))


def read_role(text: str) -> Asked:
    """The derivation that a role asks for.

    Raises:
        OptionError: nothing is named.

    >>> read_role("logistic_regression wrt w")
    Asked(target='logistic_regression', wrt=('w',), sizes=(), seed=0)
    """
    target, _, wrt = f"{text.strip()} ".partition(" wrt ")
    if not target.strip():
        raise OptionError("no derivation is named; write a name, or: name wrt w")
    return read_asked(target, wrt)


def read_label(label: str) -> str:
    """The prefix of the labels of equations.

    Raises:
        InputError: it has a character that a label cannot hold in every output.

    >>> read_label("costs:hinge")
    'costs:hinge'
    """
    from derive.exporters.formulas import check_label

    label = label.strip()
    check_label(label)
    return label


def read_whole(name: str, value: str) -> int:
    """A whole number of at least 0.

    Raises:
        OptionError: it is none; the message names the option.

    >>> read_whole("columns", "2")
    2
    """
    if not re.fullmatch(r"[0-9]{1,9}", value.strip()):
        raise OptionError(f"{name}={value[:40]} is no whole number")
    return int(value)


def read_switch(name: str, value: str) -> bool:
    """Whether something is switched on; an option that stands alone has no value and is.

    Raises:
        OptionError: it is neither; the message names the option.

    >>> read_switch("steps", ""), read_switch("steps", "no")
    (True, False)
    """
    if value.strip() not in _SWITCHES:
        raise OptionError(f"{name}={value[:40]} is neither true nor false")
    return _SWITCHES[value.strip()]
