"""What an author writes behind a directive or in a role, and what it asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from derive.errors import InputError

__all__ = ["Asked", "OptionError", "read_asked", "read_label", "read_role"]


class OptionError(InputError):
    """An option has a value that it cannot have."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A derivation that is asked for.

    Attributes:
        target: the name of a catalogue entry, ``module:name`` or ``file.py:name``.
        wrt: what to differentiate by; what the problem says, if empty.
        sizes: the sizes of the written-out case that are given, sorted by name.
    """

    target: str
    wrt: tuple[str, ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()


_SIZE = re.compile(r"([^\W\d]\w*)\s*=\s*([0-9]{1,9})", re.ASCII)


def read_asked(target: str, wrt: str = "", sizes: str = "") -> Asked:
    """The derivation that a directive asks for.

    Raises:
        OptionError: the sizes cannot be read.

    >>> read_asked("mean_loss", "W, b", "m=3, n=2")
    Asked(target='mean_loss', wrt=('W', 'b'), sizes=(('m', 3), ('n', 2)))
    """
    found: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in sizes.split(","))):
        match = _SIZE.fullmatch(part)
        if match is None:
            raise OptionError(f"{part[:40]!r} is no size; write sizes as m=3, n=2")
        if match[1] in found:
            raise OptionError(f"the size {match[1]} is given twice")
        found[match[1]] = int(match[2])
    names = tuple(wrt.replace(",", " ").split())
    return Asked(" ".join(target.split()), names, tuple(sorted(found.items())))


def read_role(text: str) -> Asked:
    """The derivation that a role asks for.

    Raises:
        OptionError: nothing is named.

    >>> read_role("logistic_regression wrt w")
    Asked(target='logistic_regression', wrt=('w',), sizes=())
    """
    target, _, wrt = text.strip().partition(" wrt ")
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
