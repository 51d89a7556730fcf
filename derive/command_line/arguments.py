"""What can stand on the command line."""

from __future__ import annotations

import argparse
import re
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from derive import __version__
from derive.errors import InputError

if TYPE_CHECKING:
    from derive.notation import Look

__all__ = ["parse"]

_COMMANDS = ("list", "show", "why", "build", "tex")
_DETAILS = ("brief", "normal", "full")
_LAYOUTS = ("rows", "columns", "both")


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


def parse(arguments: list[str]) -> argparse.Namespace:
    """The arguments by name; ``command`` is one of ``list``, ``show``, ``why``, ``build``, ``tex``.

    Raises:
        InputError: they cannot be read.

    >>> parse(["show", "mlp", "-m", "4"]).sizes
    [('m', 4)]
    """
    command = next((word for word in arguments if not word.startswith("-")), None)
    if command is None and not arguments:
        raise InputError(f"say what to do: {', '.join(_COMMANDS)}; see derive --help")
    if command is not None and command not in _COMMANDS:
        near = get_close_matches(command, _COMMANDS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_COMMANDS)}"
        raise InputError(f"there is no command {command!r}; {hint}")
    return _parser().parse_args(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="derive",
        description="Derive the gradient of a cost, every step named, justified and checked.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"derive {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _list(commands)
    _show(commands)
    _why(commands)
    _build(commands)
    _tex(commands)
    return parser


def _list(commands: argparse._SubParsersAction[_Parser]) -> None:
    words = "what the catalogue holds"
    parser = commands.add_parser("list", help=words, description=words, allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="as JSON, with sizes and symbols")
    parser.add_argument(
        "--family",
        type=_words,
        default=(),
        metavar="FAMILY",
        help="of this family alone, such as regression",
    )


def _show(commands: argparse._SubParsersAction[_Parser]) -> None:
    words = "print a derivation"
    parser = commands.add_parser("show", help=words, description=words, allow_abbrev=False)
    _name(parser)
    _network(parser)
    _common(parser)
    _printed(parser)
    _width(parser)


def _network(parser: argparse.ArgumentParser) -> None:
    """What network `mlp` is, if not the one of the catalogue."""
    group = parser.add_argument_group("of mlp alone", "another network than the catalogue's")
    group.add_argument(
        "--widths",
        type=_each_word,
        metavar="N,H,K",
        help="inputs, units of each hidden layer, outputs: names of sizes or numbers",
    )
    group.add_argument(
        "--depth", type=_positive, metavar="L", help="layers with weights, instead of --widths"
    )
    group.add_argument("--activation", metavar="NAME", help="of the hidden layers, such as relu")
    group.add_argument("--output", metavar="NAME", help="softmax, sigmoid or another activation")
    group.add_argument("--loss", metavar="NAME", help="cross_entropy or squared_error")


def _why(commands: argparse._SubParsersAction[_Parser]) -> None:
    words = "tell where each factor of the gradient comes from, the 1/m above all"
    parser = commands.add_parser("why", help=words, description=words, allow_abbrev=False)
    _name(parser)
    _network(parser)
    _common(parser)
    _width(parser)


def _build(commands: argparse._SubParsersAction[_Parser]) -> None:
    words = "write derivations into a folder"
    parser = commands.add_parser("build", help=words, description=words, allow_abbrev=False)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="a catalogue entry or FILE.py:PROBLEM; the whole catalogue if left out",
    )
    parser.add_argument(
        "-o", dest="output", default="outputs", metavar="DIR", help="where to (default: outputs)"
    )
    parser.add_argument(
        "--format",
        dest="formats",
        type=_words,
        default=("tex", "txt", "json", "py"),
        metavar="FORMAT,FORMAT",
        help="which of tex, txt, json, py (these four are the default), html, md, ipynb, pdf "
        "(needs a TeX), beamer.tex (slides), graph.svg and graph.tex (the computation graph), "
        "svg (the plot of section 6, needs Matplotlib), torch.py and jax.py (the cost with its "
        "gradient for PyTorch and JAX)",
    )
    parser.add_argument(
        "--fragment",
        action="store_true",
        help="LaTeX without a preamble, to be \\input; HTML for a page that is there",
    )
    parser.add_argument(
        "--jobs", type=_positive, metavar="N", help="how many derive at once (default: all cores)"
    )
    _common(parser)
    _printed(parser)


def _tex(commands: argparse._SubParsersAction[_Parser]) -> None:
    words = "fill the \\derivation{NAME} marks of a LaTeX document with fragments"
    parser = commands.add_parser("tex", help=words, description=words, allow_abbrev=False)
    parser.add_argument("path", metavar="MAIN.tex", help="the document")


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a catalogue entry or FILE.py:PROBLEM")


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wrt",
        type=_words,
        action="extend",
        default=[],
        metavar="PARAMETER",
        help="what to differentiate by (default: each parameter)",
    )
    second = parser.add_mutually_exclusive_group()
    for kind, metavar, words in (
        ("hessian", "PARAMETER[,PARAMETER]", "the second derivatives by one parameter, or by two"),
        (
            "hessian-vector-product",
            "PARAMETER[,VECTOR]",
            "the Hessian times a vector, which is called v if it isn't named",
        ),
        ("jacobian", "STAGE,STAGE", "the derivatives of a stage by an earlier one or by an input"),
        (
            "gradient-penalty",
            "QUANTITY",
            "the gradient, by --wrt, of the squared length of the gradient by this",
        ),
    ):
        second.add_argument(
            f"--{kind}",
            dest="second",
            type=partial(_second_order, kind),
            metavar=metavar,
            help=f"instead of the gradient: {words}",
        )
    for name, words in (("m", "the number of examples"), ("n", "the number of features")):
        parser.add_argument(
            f"-{name}",
            dest="sizes",
            type=partial(_named_size, name),
            action="append",
            default=[],
            metavar="N",
            help=f"{words} in the written-out case",
        )
    parser.add_argument(
        "--size",
        dest="sizes",
        type=_size,
        action="append",
        metavar="K=4",
        help="another size of the written-out case",
    )
    parser.add_argument(
        "--seed", type=_natural, default=0, metavar="N", help="for the random values of the checks"
    )


def _printed(parser: argparse.ArgumentParser) -> None:
    """What is printed of a derivation, and how."""
    parser.add_argument(
        "--detail",
        choices=_DETAILS,
        default="normal",
        metavar="DETAIL",
        help="brief, normal (default) or full",
    )
    parser.add_argument(
        "--layout",
        choices=_LAYOUTS,
        default="both",
        metavar="LAYOUT",
        help="matrices with examples as rows, as columns, or both (default)",
    )
    parser.add_argument(
        "--parts",
        type=_words,
        metavar="PART,PART",
        help="which parts: result, cost, small, any, matrices, origin, scaling, checks "
        "(default: all)",
    )
    parser.add_argument(
        "--look",
        type=_look,
        metavar="CHOICES",
        help="the look of formulas: logarithm=log, examples=superscript, vectors=bold, "
        "derivatives=full, and other names for quantities, such as w=theta",
    )


def _width(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--width",
        type=_columns,
        metavar="N",
        help="columns of text (default: those of the terminal)",
    )


# Values ------------------------------------------------------------------------------------------


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no whole number")
    return int(text)


def _second_order(kind: str, text: str) -> tuple[str, tuple[str, ...]]:
    return kind, _words(text)


def _natural(text: str) -> int:
    if (value := _whole(text)) < 0:
        raise argparse.ArgumentTypeError(f"at least 0 was expected, not {value}")
    return value


def _positive(text: str) -> int:
    if (value := _whole(text)) < 1:
        raise argparse.ArgumentTypeError(f"at least 1 was expected, not {value}")
    return value


def _columns(text: str) -> int:
    from derive.exporters.text import NARROWEST

    if (value := _whole(text)) < NARROWEST:
        raise argparse.ArgumentTypeError(f"at least {NARROWEST} was expected, not {value}")
    return value


def _named_size(name: str, text: str) -> tuple[str, int]:
    return (name, _whole(text))


def _size(text: str) -> tuple[str, int]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no size; write K=4")
    return (name, _whole(value))


def _look(text: str) -> Look:
    from derive.notation import Look

    return Look.read(text)


def _each_word(text: str) -> tuple[str, ...]:
    """Words between commas, an empty one too: it is a mistake that somebody has to hear of."""
    return tuple(word.strip() for word in text.split(","))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in (part.strip() for part in text.split(",")) if word)
