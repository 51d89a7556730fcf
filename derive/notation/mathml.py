r"""From boxes to MathML: mathematics for pages, electronic books and screen readers.

What is written is Presentation MathML Core, which Chromium, Firefox and Safari draw without help.
LaTeX never gets through: the LaTeX of a symbol, ``\hat{y}^{[1]}``, is read by the small grammar of
:mod:`derive.notation.symbols` and written as elements.

Delimiters have the sizes that :mod:`derive.notation.latex` gives them. MathML would make them as
tall as what they hold, and so as tall as the limits of a sum.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import escape as escape_markup
from itertools import pairwise
from typing import Literal, TypeAlias

from derive.errors import InputError
from derive.notation.boxes import (
    BigOperator,
    Box,
    Call,
    Delimiter,
    DelimiterKind,
    Exponential,
    Fraction,
    Juxtaposed,
    Listed,
    Marked,
    Operator,
    Parenthesised,
    Root,
    Row,
    Scripts,
    Sign,
    Signed,
    Symbol,
)
from derive.notation.latex import Style
from derive.notation.symbols import SplitSymbol, split_symbol
from derive.notation.text import unmarked, write_text

__all__ = ["NAMESPACE", "escape", "write_mathml"]

#: The namespace of MathML.
NAMESPACE = "http://www.w3.org/1998/Math/MathML"

#: What a piece begins or ends with, as far as it matters for the space beside it.
_Edge: TypeAlias = Literal[
    "digit", "letter", "accent", "open", "close", "fraction", "operator", "sum"
]

_OPEN = {"round": "(", "square": "[", "bar": "|"}
_CLOSE = {"round": ")", "square": "]", "bar": "|"}
_SIGNS = {"+": "+", "-": "−"}

#: The heights of ``\big``, ``\Big``, ``\bigg`` and ``\Bigg``.
_HEIGHTS = ("", "1.2em", "1.8em", "2.4em", "3em")
_BIG_FRACTION = 2  # the size of delimiters around a fraction or a sum in display style

_TIMES = "<mo>\N{INVISIBLE TIMES}</mo>"
_APPLIED = "<mo>\N{FUNCTION APPLICATION}</mo>"
_THIN = '<mspace width="0.1667em"/>'
_CLOSED_UP = ' lspace="0em" rspace="0em"'

#: Signs that stand by themselves, by their LaTeX.
_SIGN_ELEMENTS = {
    ">": "<mo>&gt;</mo>",
    r"\partial": "<mi>∂</mi>",
    r"\nabla": '<mi mathvariant="normal">∇</mi>',
    "d": "<mi>d</mi>",
    r"\mathrm d": '<mi mathvariant="normal">d</mi>',
    r"\top": '<mi mathvariant="normal">⊤</mi>',
    r"\mathbf 1": "<mn>𝟏</mn>",
    r"\cdots": "<mo>⋯</mo>",
    r"\circ": f"<mo{_CLOSED_UP}>∘</mo>",
    r"\odot": '<mo form="infix">⊙</mo>',
    r"\oslash": '<mo form="infix">⊘</mo>',
    r"\times": '<mo form="infix">×</mo>',
    "=": '<mo form="infix">=</mo>',
    r"\ne": '<mo form="infix">≠</mo>',
    r"\in": '<mo form="infix">∈</mo>',
    "<": '<mo form="infix">&lt;</mo>',
    r"\le": '<mo form="infix">≤</mo>',
    "+": '<mo form="infix">+</mo>',
    "-": '<mo form="infix">−</mo>',
    "/": f"<mo{_CLOSED_UP}>/</mo>",
    "(": '<mo form="prefix" stretchy="false">(</mo>',
    ")": '<mo form="postfix" stretchy="false">)</mo>',
    r"\,": _THIN,
    # The start of a sum below its sign, where TeX has no spaces.
    "=1": f"<mo{_CLOSED_UP}>=</mo><mn>1</mn>",
    "-1": '<mo form="prefix" lspace="0em" rspace="0em">−</mo><mn>1</mn>',
}

#: What no XML document may hold, however it is escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape(words: str) -> str:
    """Words for HTML and XML, in an element or in a quoted attribute.

    What XML cannot hold is shown by the sign for a character that cannot be shown.

    >>> escape('<b title="x">') + escape("\\x00")
    '&lt;b title=&quot;x&quot;&gt;�'
    """
    return escape_markup(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", words), quote=True)


def write_mathml(
    box: Box,
    *,
    display: bool = False,
    displaystyle: bool | None = None,
    mark: str = "derive-tracked",
    hidden: bool = False,
) -> str:
    """``box`` as one ``<math>`` element, with its text form as the alternative text.

    Args:
        box: what is written.
        display: whether the formula is a block of its own.
        displaystyle: whether sums and fractions have their full size; as ``display`` has it if
            left out.
        mark: the class of what is marked; empty for none.
        hidden: whether screen readers pass over it, since another element says the same: then it
            has no alternative text.

    Raises:
        InputError: the LaTeX of a symbol is none that a symbol may have.

    >>> from derive.notation.boxes import UNIT
    >>> write_mathml(Marked(Fraction(UNIT, Symbol("m", "m"))))
    '<math xmlns="http://www.w3.org/1998/Math/MathML" alttext="1/m">\
<mrow class="derive-tracked"><mfrac><mn>1</mn><mi>m</mi></mfrac></mrow></math>'
    >>> write_mathml(Symbol(r"W^{[1]}", "W⁽¹⁾"), display=True).partition(">")[2]
    '<msup><mi>W</mi><mrow><mo stretchy="false">[</mo><mn>1</mn>\
<mo stretchy="false">]</mo></mrow></msup></math>'
    """
    full = display if displaystyle is None else displaystyle
    written = _Writer(mark).write(box, Style.DISPLAY if full else Style.TEXT)
    attributes = f' xmlns="{NAMESPACE}"'
    if display:
        attributes += ' display="block"'
    if full != display:
        attributes += f' displaystyle="{str(full).lower()}"'
    if hidden:
        attributes += ' aria-hidden="true"'
    else:
        attributes += f' alttext="{escape(write_text(box, unmarked).strip())}"'
    return f"<math{attributes}>{written.source}</math>"


@dataclass(frozen=True, slots=True)
class _Piece:
    """Elements with what their neighbours must know, as in :mod:`derive.notation.latex`: the size
    of delimiters around them and their edges."""

    source: str
    size: int = 0
    left: _Edge = "letter"
    right: _Edge = "letter"


class _Writer:
    def __init__(self, mark: str) -> None:
        self.mark = f' class="{escape(mark)}"' if mark else ""

    def write(self, box: Box, style: Style) -> _Piece:
        what = ("MathML", style, self.mark)
        known: _Piece | None = box.written.get(what)
        if known is None:
            known = box.written[what] = self._write(box, style)
        return known

    def _write(self, box: Box, style: Style) -> _Piece:
        match box:
            case Symbol():
                return _symbol(box)
            case Row(parts=parts):
                return self.row(parts, style)
            case Listed(parts=parts):
                pieces = [self.write(part, style) for part in parts]
                tight = ' rspace="0em"' if style is Style.SCRIPT else ""
                comma = f'<mo separator="true"{tight}>,</mo>'
                return _Piece(_group(comma.join(p.source for p in pieces)), _tallest(pieces))
            case Juxtaposed(parts=parts):
                return _juxtaposed([self.write(part, style) for part in parts])
            case Signed():
                return self.signed(box, style)
            case Operator(sign=sign, binary=binary):
                return _Piece(_operator(sign, binary=binary), left="operator", right="operator")
            case Fraction():
                return self.fraction(box, style)
            case Scripts():
                return self.scripts(box, style)
            case Root(body=body):
                inner = self.write(body, style)
                return _Piece(f"<msqrt>{inner.source}</msqrt>", inner.size, right="accent")
            case Exponential(exponent=exponent):
                return self.exponential(exponent, style)
            case Call(function=function, argument=argument):
                return self.call(function, argument, style)
            case BigOperator():
                return self.big_operator(box, style)
            case Parenthesised(body=body, kind=kind):
                inner = self.write(body, style)
                source = _delimited(inner.source, kind, inner.size)
                grown = inner.size + 1 if box.depth else inner.size
                return _Piece(source, grown, "open", "close")
            case Delimiter(pair=pair, side=side):
                size = self.write(pair.body, style).size
                edge: _Edge = "open" if side == "open" else "close"
                return _Piece(_delimiter(pair.kind, side, size), 0, edge, edge)
            case Marked(body=body):
                inner = self.write(body, style)
                source = f"<mrow{self.mark}>{inner.source}</mrow>"
                return _Piece(source, inner.size, inner.left, inner.right)
            case _:
                raise TypeError(f"no MathML for a {type(box).__name__}")

    def row(self, parts: tuple[Box, ...], style: Style) -> _Piece:
        """Parts side by side; between two factors of a product stands the sign for one."""
        if not parts:
            return _Piece("<mrow></mrow>")
        pieces = [self.write(part, style) for part in parts]
        source = pieces[0].source
        for (before, after), (left, right) in zip(pairwise(parts), pairwise(pieces), strict=True):
            inside = left.right == "open" or right.left == "close"  # of a pair that was broken
            factors = not inside and _is_factor(before) and _is_factor(after)
            source += (_TIMES if factors else "") + right.source
        return _Piece(_group(source), _tallest(pieces), pieces[0].left, pieces[-1].right)

    def signed(self, box: Signed, style: Style) -> _Piece:
        pieces = [self.write(part, style) for _, part in box.parts]
        source = ""
        for place, ((sign, _), piece) in enumerate(zip(box.parts, pieces, strict=True)):
            if place or sign == "-":
                source += _operator(sign, binary=bool(place))
            source += piece.source
        return _Piece(_group(source), _tallest(pieces), "operator", pieces[-1].right)

    def fraction(self, box: Fraction, style: Style) -> _Piece:
        small = box.kind == "small"
        inside = Style.TEXT if style is Style.DISPLAY and not small else Style.SCRIPT
        above = self.write(box.numerator, inside)
        below = self.write(box.denominator, inside)
        # Next to other display material a bare number is set small, as in print.
        smaller = ' displaystyle="false"' if small and style is Style.DISPLAY else ""
        if style is Style.DISPLAY and not small:
            size = _BIG_FRACTION + (1 if max(above.size, below.size) > 1 else 0)
        else:
            size = 0 if style is Style.SCRIPT else 1
        source = f"<mfrac{smaller}>{_one(above.source)}{_one(below.source)}</mfrac>"
        # No space between a bare ∂/∂w and the bracket around what it is applied to.
        operator = box.kind == "derivative" and isinstance(box.numerator, Symbol)
        return _Piece(source, size, "fraction", "close" if operator else "fraction")

    def scripts(self, box: Scripts, style: Style) -> _Piece:
        base = box.base
        own = SplitSymbol("", "", "")
        if isinstance(base, Symbol):
            own = _split(base)
            written = _symbol(base)
            source = _Symbols(own.base).row() if own.sub or own.sup else written.source
        else:
            written = self.write(base, style)
            source = written.source
        sub = "" if box.sub is None else self.write(box.sub, Style.SCRIPT).source
        sup = "" if box.sup is None else self.write(box.sup, Style.SCRIPT).source
        comma = '<mo separator="true" rspace="0em">,</mo>' if own.sub and sub else ""
        below = _script(own.sub) + comma + sub
        above = _script(own.sup) + sup
        right: _Edge = written.right
        if own.sup:
            right = "letter"
        elif above:
            right = "close" if written.right == "close" and not sup else "accent"
        return _Piece(_scripted(source, below, above), written.size, written.left, right)

    def exponential(self, exponent: Box, style: Style) -> _Piece:
        """``e`` with a superscript; ``exp(…)`` if the exponent is too tall for one."""
        if style is not Style.SCRIPT and self.write(exponent, Style.TEXT).size:
            full = self.write(exponent, style)
            source = f"<mi>exp</mi>{_APPLIED}{_delimited(full.source, 'round', full.size)}"
            return _Piece(_group(source), full.size + 1, "operator", "close")
        raised = self.write(exponent, Style.SCRIPT).source
        return _Piece(_scripted("<mi>e</mi>", "", raised), right="accent")

    def call(self, function: Box, argument: Box, style: Style) -> _Piece:
        sign = self.write(function, style)
        inner = self.write(argument, style)
        gap = "" if inner.left == "open" else _THIN
        # A function's sign is set off from a letter before it: x σ(z) isn't read as a name.
        left: _Edge = "operator" if sign.left == "operator" else "accent"
        source = sign.source + _APPLIED + gap + inner.source
        return _Piece(_group(source), inner.size, left, inner.right)

    def big_operator(self, box: BigOperator, style: Style) -> _Piece:
        lower = _one(self.write(box.lower, Style.SCRIPT).source)
        upper = _one(self.write(box.upper, Style.SCRIPT).source)
        body = self.write(box.body, style)
        if box.symbol.latex != r"\sum":
            raise InputError(f"{box.symbol.latex!r} is no operator that MathML is written for")
        # A sum in a script has its limits at its side, as in TeX.
        limits = "msubsup" if style is Style.SCRIPT else "munderover"
        sign = f'<{limits}><mo form="prefix">∑</mo>{lower}{upper}</{limits}>'
        own = _BIG_FRACTION if style is Style.DISPLAY else int(style is Style.TEXT)
        source = _group(sign + body.source)
        return _Piece(source, max(own, body.size), "sum", body.right)


# Pieces ------------------------------------------------------------------------------------------


def _tallest(pieces: list[_Piece]) -> int:
    return max((piece.size for piece in pieces), default=0)


_ELEMENT = re.compile(r"<(/?)[^>]*?(/?)>")


def _one(source: str) -> str:
    """Elements as one element, which a fraction or a script must be given.

    >>> _one("<mi>a</mi>"), _one("<mi>a</mi><mi>b</mi>")
    ('<mi>a</mi>', '<mrow><mi>a</mi><mi>b</mi></mrow>')
    """
    depth = outer = 0
    for closing, empty in _ELEMENT.findall(source):
        if closing:
            depth -= 1
        else:
            outer += depth == 0
            depth += not empty
    return source if outer == 1 else f"<mrow>{source}</mrow>"


#: A part of a formula that holds together is an element, so that a line is broken around it and a
#: screen reader steps over it.
_group = _one


def _operator(sign: Sign, *, binary: bool) -> str:
    if binary:
        return f'<mo form="infix">{_SIGNS[sign]}</mo>'
    return f'<mo form="prefix">{_SIGNS[sign]}</mo>'


def _delimiter(kind: DelimiterKind, side: Literal["open", "close"], size: int) -> str:
    sign = (_OPEN if side == "open" else _CLOSE)[kind]
    form = "prefix" if side == "open" else "postfix"
    height = _HEIGHTS[min(size, len(_HEIGHTS) - 1)]
    grown = f'stretchy="true" symmetric="true" minsize="{height}" maxsize="{height}"'
    return f'<mo form="{form}" {grown if height else _RIGID}>{sign}</mo>'


_RIGID = 'stretchy="false"'


def _delimited(source: str, kind: DelimiterKind, size: int) -> str:
    opening, closing = _delimiter(kind, "open", size), _delimiter(kind, "close", size)
    return f"<mrow>{opening}{source}{closing}</mrow>"


def _juxtaposed(pieces: list[_Piece]) -> _Piece:
    source = pieces[0].source
    for left, right in pairwise(pieces):
        source += _between(left.right, right.left) + right.source
    return _Piece(_group(source), _tallest(pieces), pieces[0].left, pieces[-1].right)


def _between(left: _Edge, right: _Edge) -> str:
    """The sign and the space between two factors, as in :mod:`derive.notation.latex`."""
    if left == "open" or right == "close":
        return ""  # one side of a pair that was broken
    if right == "digit":
        return '<mo form="infix">·</mo>'
    # Browsers give Σ its space; that of other operators is ours to give.
    if right == "sum" or (left == "close" and right == "open"):
        return _TIMES
    if left in ("fraction", "close", "accent"):
        return _TIMES + _THIN
    if right in ("open", "letter") or left == "digit":
        return _TIMES
    return _TIMES + _THIN


def _scripted(base: str, below: str, above: str) -> str:
    base = _one(base)
    if below and above:
        return f"<msubsup>{base}{_one(below)}{_one(above)}</msubsup>"
    if below:
        return f"<msub>{base}{_one(below)}</msub>"
    return f"<msup>{base}{_one(above)}</msup>" if above else base


def _is_factor(box: Box) -> bool:
    """Whether a part of a row is a factor beside another one; signs and ∂ are none."""
    match box:
        case Symbol(kind=kind):
            return kind in ("identifier", "number")
        case Scripts(base=inner) | Marked(body=inner):
            return _is_factor(inner)
        case Parenthesised() | Call() | Fraction() | Juxtaposed():
            return True
        case _:
            return False


# Symbols -----------------------------------------------------------------------------------------


def _symbol(symbol: Symbol) -> _Piece:
    latex = symbol.latex.strip()
    if symbol.kind == "number":
        return _Piece(_number(latex), left="digit", right="digit")
    if symbol.kind == "sign":
        return _Piece(_sign(latex))
    if symbol.kind == "named operator":
        # Its space is that of TeX: a thin one on either side.
        return _Piece(_operators(latex), left="operator")
    if latex.startswith(r"\operatorname"):
        return _Piece(_name(_operator_name(latex)))
    if not latex:
        return _Piece(_written_out(symbol.text))
    split = split_symbol(symbol.latex)
    source = _scripted(_Symbols(split.base).row(), _script(split.sub), _script(split.sup))
    return _Piece(source, 1 if split.sup and symbol.kind == "identifier" else 0)


def _split(symbol: Symbol) -> SplitSymbol:
    """The symbol's own scripts; operators and signs have none."""
    composite = symbol.kind in ("identifier", "function") and symbol.latex
    if composite and not symbol.latex.startswith(r"\operatorname"):
        return split_symbol(symbol.latex)
    return SplitSymbol("", "", "")


def _script(source: str) -> str:
    if source and set(source) == {"'"}:
        return f"<mo{_CLOSED_UP}>′</mo>" * len(source)
    return _Symbols(source).row() if source else ""


_OPERATOR_NAME = re.compile(r"\\operatorname\{([A-Za-z]+)\}|\\([a-z]+)")


def _operator_name(latex: str) -> str:
    found = _OPERATOR_NAME.fullmatch(latex)
    if found is None:
        raise InputError(f"{latex!r} is no name of a function that MathML is written for")
    return found[1] or found[2]


_OPERATORS = re.compile(r"(\\[A-Za-z]+(?:\{[A-Za-z ]+\})?)(?:_([0-9]))?")


def _operators(latex: str) -> str:
    """One named operator or several: ``ln``, ``log₂``, ``ln cosh``, ``ln Γ``."""
    found = list(_OPERATORS.finditer(latex))
    if "".join(each[0] for each in found) != latex:
        raise InputError(f"{latex!r} is no name of a function that MathML is written for")
    pieces = []
    for each in found:
        known = each[1] in _GREEK_OPERATORS
        name = _GREEK_OPERATORS[each[1]] if known else _operator_name(each[1])
        pieces.append(_scripted(_name(name), f"<mn>{each[2]}</mn>" if each[2] else "", ""))
    space = '<mspace width="0.167em"></mspace>'
    return pieces[0] if len(pieces) == 1 else f"<mrow>{space.join(pieces)}</mrow>"


#: Operators that are called by a letter.
_GREEK_OPERATORS = {r"\Gamma": "Γ"}


def _name(name: str) -> str:
    """A name of several letters, which browsers set upright by themselves."""
    return f"<mi>{name}</mi>" if len(name) > 1 else f'<mi mathvariant="normal">{name}</mi>'


_NUMBER = re.compile(r"(-?)([0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?)(?:/([0-9]+))?")


def _number(latex: str) -> str:
    found = _NUMBER.fullmatch(latex)
    if found is None:
        raise InputError(f"{latex!r} is no number that MathML is written for")
    minus, above, below = found.groups()
    number = f"<mn>{above}</mn>"
    if below:
        number = f"<mfrac>{number}<mn>{below}</mn></mfrac>"
    return f'<mrow><mo form="prefix">−</mo>{number}</mrow>' if minus else number


def _sign(latex: str) -> str:
    known = _SIGN_ELEMENTS.get(latex)
    if known is not None:
        return known
    if latex and set(latex) == {"'"}:
        return _script(latex)
    counted = re.fullmatch(r"\((\d+)\)", latex)  # the order of a derivative: g⁽⁴⁾
    if counted:
        return _Symbols(f"({counted[1]})").row()
    words = re.fullmatch(r"\\text\{([A-Za-z ]+)\}", latex)
    if words:
        return f"<mtext>{words[1]}</mtext>"
    return _Symbols(split_symbol(latex).base).row()


def _written_out(text: str) -> str:
    """A symbol that LaTeX has no sign for: ``é``, or ``é_1``."""
    base, _, sub = text.partition("_")
    return _scripted(f"<mi>{escape(base)}</mi>", f"<mi>{escape(sub)}</mi>" if sub else "", "")


# The LaTeX of symbols, read by its grammar -------------------------------------------------------

_GREEK = {
    **dict(
        zip(
            (
                *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota"),
                *("kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon"),
                *("phi", "chi", "psi", "omega"),
                *("varepsilon", "vartheta", "varpi", "varrho", "varsigma", "varphi"),
            ),
            "αβγδϵζηθικλμνξπρστυϕχψωεϑϖϱςφ",
            strict=True,
        )
    ),
}
_UPRIGHT = {
    "Gamma": "Γ",
    "Delta": "Δ",
    "Theta": "Θ",
    "Lambda": "Λ",
    "Xi": "Ξ",
    "Pi": "Π",
    "Sigma": "Σ",
    "Upsilon": "Υ",
    "Phi": "Φ",
    "Psi": "Ψ",
    "Omega": "Ω",
    "infty": "∞",
    "nabla": "∇",
    "top": "⊤",
    "perp": "⊥",
}
_ITALIC = {**_GREEK, "ell": "ℓ", "hbar": "ℏ", "imath": "ı", "jmath": "ȷ"}
_MARKS = {
    "star": "⋆",
    "ast": "∗",
    "dagger": "†",
    "prime": "′",
    "circ": "∘",
    "bullet": "∙",
    "parallel": "∥",
}
#: The sign above a letter, and whether it is as wide as what is below it.
_ACCENTS = {
    "hat": ("^", False),
    "widehat": ("^", True),
    "bar": ("¯", False),
    "overline": ("¯", True),
    "tilde": ("~", False),
    "widetilde": ("~", True),
    "vec": ("→", False),
    "dot": ("˙", False),
    "ddot": ("¨", False),
    "check": ("ˇ", False),
    "breve": ("˘", False),
    "acute": ("´", False),
    "grave": ("`", False),
    "mathring": ("˚", False),
}
#: How Unicode calls the alphabets; MathML Core has no other way to choose one.
_ALPHABETS = {
    "mathbf": "BOLD",
    "boldsymbol": "BOLD ITALIC",
    "mathit": "ITALIC",
    "mathcal": "SCRIPT",
    "mathsf": "SANS-SERIF",
    "mathtt": "MONOSPACE",
    "mathrm": "",
}
#: The alphabets in which letters make a word.
_WORDS = ("mathrm", "mathit")
_TOKEN = re.compile(r"\\[A-Za-z]+|\\_|[A-Za-z]|[0-9]+|[\^_{}\[\]()+\-*',.]")


class _Symbols:
    """Writes a symbol in the normal form of :func:`split_symbol` as elements."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = _TOKEN.findall(source)
        if "".join(self.tokens) != source.replace(" ", ""):
            raise self.error()
        self.place = 0

    def error(self) -> InputError:
        return InputError(f"MathML cannot be written for the symbol {self.source!r}")

    def row(self) -> str:
        """All of it as one element."""
        elements = self.elements("", end="")
        if self.place < len(self.tokens):
            raise self.error()
        return _one(elements)

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.place += 1
        return token

    def elements(self, alphabet: str, *, end: str) -> str:
        """Elements up to ``end``, which is left where it is."""
        done = ""
        while (token := self.peek()) != end:
            if not token or token == "}":
                raise self.error()
            base = self.letters(alphabet)
            base = base or ("" if token in ("^", "_", "'") else self.atom(alphabet))
            done += self.with_scripts(base, alphabet)
        return done

    def letters(self, alphabet: str) -> str:
        r"""A word in ``\mathrm`` or ``\mathit``, whose letters are one name; otherwise nothing."""
        word = ""
        while alphabet in _WORDS and re.fullmatch(r"[A-Za-z0-9]+|\\_", self.peek()):
            word += self.take().lstrip("\\")
        if not word:
            return ""
        if word.isdecimal():
            return f"<mn>{word}</mn>"
        return _name("".join(_styled(sign, alphabet) for sign in word))

    def with_scripts(self, base: str, alphabet: str) -> str:
        below = above = ""
        while (token := self.peek()) in ("^", "_", "'") and token:
            self.take()
            if token == "'":
                above += f"<mo{_CLOSED_UP}>′</mo>"
            elif token == "^":
                above += self.atom(alphabet)
            else:
                below += self.atom(alphabet)
        return _scripted(base, below, above) if below or above else base

    def atom(self, alphabet: str) -> str:
        token = self.take()
        if token == "{":
            inner = self.elements(alphabet, end="}")
            self.take()
            return _one(inner)
        if token.startswith("\\"):
            return self.command(token[1:], alphabet)
        if token.isalpha():
            return _letter(token, alphabet)
        if token.isdecimal():
            return f"<mn>{''.join(_styled(digit, alphabet) for digit in token)}</mn>"
        if token in "[]()":
            return f'<mo stretchy="false">{token}</mo>'
        if token in "+-*":
            return f"<mo{_CLOSED_UP}>{token.translate(_PRINTED)}</mo>"
        if token in ",.":
            return f'<mo separator="true" rspace="0em">{token}</mo>'
        raise self.error()

    def command(self, name: str, alphabet: str) -> str:
        if name in _ACCENTS:
            sign, wide = _ACCENTS[name]
            # The dot of an i gives way to the accent.
            body = self.atom(alphabet)
            body = {"<mi>i</mi>": "<mi>ı</mi>", "<mi>j</mi>": "<mi>ȷ</mi>"}.get(body, body)
            return (
                f'<mover accent="true">{body}<mo stretchy="{str(wide).lower()}"'
                f"{_CLOSED_UP}>{sign}</mo></mover>"
            )
        if name in _ALPHABETS:
            return self.atom(name) if self.peek() == "{" else _one(self.single(name))
        if name == "_":
            return "<mo>_</mo>"
        if name in _MARKS:
            return f"<mo{_CLOSED_UP}>{_MARKS[name]}</mo>"
        if name in _UPRIGHT:
            sign = _styled(_UPRIGHT[name], alphabet)
            return f'<mi mathvariant="normal">{sign}</mi>'
        if name in _ITALIC:
            return _letter(_ITALIC[name], alphabet)
        raise self.error()

    def single(self, alphabet: str) -> str:
        """The one letter or command that an alphabet is given without braces."""
        return self.letters(alphabet) or self.atom(alphabet)


_PRINTED = str.maketrans("-*", "−∗")


def _letter(letter: str, alphabet: str) -> str:
    if alphabet == "mathrm":
        return f'<mi mathvariant="normal">{letter}</mi>'
    styled = _styled(letter, alphabet)
    # What has its own style must not be slanted again.
    return f"<mi>{styled}</mi>" if styled == letter else f'<mi mathvariant="normal">{styled}</mi>'


def _styled(letter: str, alphabet: str) -> str:
    r"""A letter or digit in one of Unicode's alphabets, or as it is where that has none.

    >>> _styled("x", "mathbf"), _styled("θ", "boldsymbol"), _styled("B", "mathcal")
    ('𝐱', '𝜽', 'ℬ')
    """
    style = _ALPHABETS.get(alphabet, "")
    if not style:
        return letter
    if letter == "h" and style == "ITALIC":
        return "ℎ"  # Unicode had it before it had the others
    name = unicodedata.name(letter)
    kind = re.sub(r"^(LATIN|GREEK) ", "", name).replace("LETTER ", "")
    kind = kind.replace("LUNATE ", "")
    if name.startswith("DIGIT"):
        style = style.replace(" ITALIC", "")
    for called in (f"MATHEMATICAL {style} {kind}", f"{style} {kind}"):
        try:
            return unicodedata.lookup(called)
        except KeyError:
            continue
    return letter
