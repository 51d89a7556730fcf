"""MyST and Jupyter Book 2: an executable plugin, which mystmd calls for each directive and role.

The command ``derive-myst`` is that plugin. Without arguments it prints what it has: the directives
``derivation``, ``gradient`` and ``derivation-rules``, the roles ``gradient`` and ``rule``. With
``--directive NAME`` or ``--role NAME`` it reads what an author wrote, as JSON, and prints nodes of
the document's tree. An error is one line on the standard error and an exit status that is not 0:
mystmd then gives up the page, and with ``--strict`` the build.

Files of costs are in the folder that ``myst`` is run in, or below it. Derivations are kept in
``_build/derive-cache``, so that a page that is built again derives nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from derive.asked import (
    OPTIONS,
    Asked,
    read_request,
    read_role,
    read_switch,
    read_whole,
    unknown_option,
)
from derive.errors import CheckFailed, DeriveError, InputError

if TYPE_CHECKING:
    from derive.exporters.mdast import Node
    from derive.gradients import Derivation

__all__ = ["main", "run", "specification"]

#: The folder of the cache; ``myst clean`` removes the folder that it is in.
CACHE = Path("_build", "derive-cache")

#: mystmd reads at most so many bytes from a plugin.
_LARGEST = 1024 * 1024

_WORDS = {
    "wrt": "what to differentiate by: w, b",
    "sizes": "the sizes of the written-out case: m=3, n=2",
    "seed": "for the random values of the checks",
    "detail": "brief, normal or full",
    "layout": "rows, columns or both",
    "parts": "which parts are printed: result cost small any matrices origin scaling checks",
    "look": "the look of formulas: examples=superscript, w=theta",
    "label": "the prefix of the labels of equations",
    "heading": "the level of the title's heading (2)",
    "tabs": "rows and columns as tabs, on pages of the web",
    "class": "classes of the whole",
}

_DERIVATION = (*OPTIONS, "heading", "tabs", "class")
_GRADIENT = ("wrt", "look", "label", "class")
_RULES = ("class",)


def specification() -> dict[str, Any]:
    """What the plugin has, as mystmd wants to be told.

    >>> [directive["name"] for directive in specification()["directives"]]
    ['derivation', 'gradient', 'derivation-rules']
    """
    named = {"type": "string", "required": True, "doc": "a catalogue name or file.py:name"}
    return {
        "name": "derive",
        "directives": [
            {
                "name": "derivation",
                "doc": "A derivation with its steps.",
                "arg": named,
                "options": _options(_DERIVATION),
            },
            {
                "name": "gradient",
                "doc": "The result of a derivation, as an equation.",
                "arg": named,
                "options": _options(_GRADIENT),
            },
            {
                "name": "derivation-rules",
                "doc": "Every rule with its law and its meaning.",
                "options": _options(_RULES),
            },
        ],
        "roles": [
            {
                "name": "gradient",
                "doc": "The result in a sentence: logistic_regression wrt w.",
                "body": {"type": "string", "required": True},
            },
            {
                "name": "rule",
                "doc": "A reference to a rule of the glossary.",
                "body": {"type": "string", "required": True},
            },
        ],
        "transforms": [],
    }


def _options(names: Sequence[str]) -> dict[str, Any]:
    return {
        name: {"type": "boolean" if name == "tabs" else "string", "doc": _WORDS[name]}
        for name in names
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer one call of mystmd's.

    Args:
        arguments: without the name of the program; those of the process if left out.

    Returns:
        The exit status: 0, or 1 if a check failed, 2 if the answer cannot be given.
    """
    match tuple(sys.argv[1:] if arguments is None else arguments):
        case ():
            return _print(_as_json(specification()))
        case ("--directive", name) if name in _DIRECTIVES:
            return _called("directive", name, _DIRECTIVES[name])
        case ("--role", name) if name in _ROLES:
            return _called("role", name, _ROLES[name])
        case _:
            print("derive-myst is a plugin of mystmd, see its documentation", file=sys.stderr)
            return 2


def run() -> None:
    """The command ``derive-myst``."""
    sys.exit(main())


def _called(kind: str, name: str, make: Callable[[_Call], str]) -> int:
    call = _Call(json.loads(sys.stdin.buffer.read().decode("utf-8")))
    try:
        return _print(make(call))
    except DeriveError as error:
        message = " ".join(str(error).split())
        print(f"derive: {call.where}{kind} {name}: {message}", file=sys.stderr)
        return 1 if isinstance(error, CheckFailed) else 2


def _print(written: str) -> int:
    content = written.encode("utf-8")
    if len(content) > _LARGEST:
        raise InputError(
            f"this is {len(content)} bytes long, and mystmd reads no more than {_LARGEST}; "
            "say which :parts: are wanted"
        )
    sys.stdout.buffer.write(content + b"\n")
    sys.stdout.flush()
    return 0


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class _Call:
    """What mystmd tells of a directive or a role."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        node: Mapping[str, Any] = data.get("node") or {}
        # Options that the plugin has not announced are only in the node: there is but a warning
        # of them, and with --strict not even that ends the build.
        given = {**(node.get("options") or {}), **(data.get("options") or {})}
        self.options = {name: _as_text(value) for name, value in given.items()}
        self.argument = str(data.get("arg") or "")
        self.body = str(data.get("body") or "")
        line = ((node.get("position") or {}).get("start") or {}).get("line")
        self.where = f"line {line}: " if line else ""

    def check(self, known: Sequence[str]) -> None:
        for name in self.options:
            if name not in known:
                raise unknown_option(name, known)


def _as_text(value: object) -> str:
    """An option's value; YAML may have made a number or a truth of it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


# What there is ------------------------------------------------------------------------------------


def _derivation(call: _Call) -> str:
    call.check(_DERIVATION)
    request = read_request(call.argument, call.options, others=("heading", "tabs", "class"))
    heading = read_whole("heading", call.options.get("heading", "2"))
    tabs = read_switch("tabs", call.options.get("tabs", "no"))

    def nodes(derivation: Derivation) -> list[Node]:
        from derive.exporters import mdast

        return mdast.export(
            derivation, label=request.label, heading=heading, tabs=tabs, **request.printed()
        )

    return _written("derivation", call, request.asked, nodes)


def _gradient(call: _Call) -> str:
    call.check(_GRADIENT)
    request = read_request(call.argument, call.options, others=("class",))

    def nodes(derivation: Derivation) -> list[Node]:
        from derive.exporters import mdast

        return mdast.results(derivation, label=request.label, **request.printed())

    return _written("gradient", call, request.asked, nodes)


def _gradient_inline(call: _Call) -> str:
    def nodes(derivation: Derivation) -> list[Node]:
        from derive.exporters import mdast

        return mdast.results_inline(derivation)

    return _written("gradient in a sentence", call, read_role(call.body), nodes)


def _glossary(call: _Call) -> str:
    from derive.exporters import mdast

    call.check(_RULES)
    return _as_json(_classed(mdast.rules(), call))


def _rule(call: _Call) -> str:
    from derive.exporters import mdast

    return _as_json([mdast.rule_reference(" ".join(call.body.split()))])


def _written(
    kind: str, call: _Call, asked: Asked, nodes: Callable[[Derivation], list[Node]]
) -> str:
    """The nodes of a derivation as JSON, from the cache if they are there."""
    from derive.cache import printed_of

    return printed_of(
        asked,
        Path.cwd(),
        Path.cwd() / CACHE,
        repr((kind, sorted(call.options.items()))),
        lambda derivation: _as_json(_classed(nodes(derivation), call)),
    )


def _classed(nodes: list[Node], call: _Call) -> list[Node]:
    """The nodes in a box with the classes that the author gave, if there are any."""
    classes = call.options.get("class", "").split()
    if not classes:
        return nodes
    return [{"type": "div", "class": " ".join(classes), "children": nodes}]


_DIRECTIVES: Mapping[str, Callable[[_Call], str]] = MappingProxyType(
    {"derivation": _derivation, "gradient": _gradient, "derivation-rules": _glossary}
)
_ROLES: Mapping[str, Callable[[_Call], str]] = MappingProxyType(
    {"gradient": _gradient_inline, "rule": _rule}
)

if __name__ == "__main__":
    run()
