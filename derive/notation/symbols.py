"""The symbols of names, and what LaTeX an author may write for a symbol.

This module knows nothing but names: it stands directly above :mod:`derive.errors`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from derive.errors import InputError

__all__ = [
    "LONGEST_TEXT",
    "DefaultSymbols",
    "SplitSymbol",
    "check_length",
    "default_symbols",
    "index_symbols",
    "layer_in_brackets",
    "size_symbols",
    "split_symbol",
    "subscript_text",
    "superscript_text",
    "validate_latex_symbol",
]


#: The most characters of a title, a name or a meaning. TeX sets a title as one paragraph, and
#: hyperref makes a bookmark of it: with thousands of characters it doesn't come to an end.
LONGEST_TEXT = 500


def check_length(what: str, said: str) -> None:
    """Refuse a title, a name or a meaning that is longer than 500 characters.

    Args:
        what: what it is, for the message: ``the title``.
        said: the text.

    Raises:
        InputError: it is longer.

    >>> check_length("the title", "A" * 501)
    Traceback (most recent call last):
    derive.errors.InputError: the title has 501 characters; at most 500 are allowed
    """
    if len(said) > LONGEST_TEXT:
        raise InputError(f"{what} has {len(said)} characters; at most {LONGEST_TEXT} are allowed")


class DefaultSymbols(NamedTuple):
    """How a name prints: as an element, and as the whole array (the capital letter).

    A caller takes the capital for quantities with two indices or more, and the letter itself
    otherwise: the stack of ``x_ij`` is ``X``, that of ``y_i`` is ``y``.
    """

    latex: str
    text: str
    stack_latex: str
    stack_text: str


# Greek letters: name → (LaTeX, text); the capitals that are no Latin letters in LaTeX.
_GREEK: dict[str, tuple[str, str]] = {
    "alpha": (r"\alpha", "α"),
    "beta": (r"\beta", "β"),
    "gamma": (r"\gamma", "γ"),
    "delta": (r"\delta", "δ"),
    "epsilon": (r"\varepsilon", "ε"),
    "zeta": (r"\zeta", "ζ"),
    "eta": (r"\eta", "η"),
    "theta": (r"\theta", "θ"),
    "iota": (r"\iota", "ι"),
    "kappa": (r"\kappa", "κ"),
    "lambda": (r"\lambda", "λ"),
    "mu": (r"\mu", "μ"),
    "nu": (r"\nu", "ν"),
    "xi": (r"\xi", "ξ"),
    "pi": (r"\pi", "π"),
    "rho": (r"\rho", "ρ"),
    "sigma": (r"\sigma", "σ"),
    "tau": (r"\tau", "τ"),
    "upsilon": (r"\upsilon", "υ"),
    "phi": (r"\phi", "φ"),
    "chi": (r"\chi", "χ"),
    "psi": (r"\psi", "ψ"),
    "omega": (r"\omega", "ω"),
    "Gamma": (r"\Gamma", "Γ"),
    "Delta": (r"\Delta", "Δ"),
    "Theta": (r"\Theta", "Θ"),
    "Lambda": (r"\Lambda", "Λ"),
    "Xi": (r"\Xi", "Ξ"),
    "Pi": (r"\Pi", "Π"),
    "Sigma": (r"\Sigma", "Σ"),
    "Upsilon": (r"\Upsilon", "Υ"),
    "Phi": (r"\Phi", "Φ"),
    "Psi": (r"\Psi", "Ψ"),
    "Omega": (r"\Omega", "Ω"),
}
_LETTER_TO_GREEK = {text: name for name, (_, text) in _GREEK.items()}

# Accents: the ending of a name → (LaTeX command, combining character).
_ACCENTS: dict[str, tuple[str, str]] = {
    "hat": (r"\hat", "\u0302"),
    "bar": (r"\bar", "\u0304"),
    "tilde": (r"\tilde", "\u0303"),
    "vec": (r"\vec", "\u20d7"),
    "dot": (r"\dot", "\u0307"),
}

_SUBSCRIPTS = dict(
    zip(
        "0123456789+-=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)
_SUPERSCRIPTS = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ",
        strict=True,
    )
)

_LOWERED = {raised: sign for sign, raised in _SUPERSCRIPTS.items()}
_RAISED_LAYER = re.compile("⁽([^⁽⁾]+)⁾$")


def subscript_text(text: str) -> str | None:
    """``text`` in Unicode's subscript characters, or ``None`` if one is missing.

    >>> subscript_text("i=1"), subscript_text("q")
    ('ᵢ₌₁', None)
    """
    return _translated(text, _SUBSCRIPTS)


def layer_in_brackets(latex: str, text: str) -> str:
    r"""The text of a symbol, with its layer as LaTeX has it: in square brackets.

    Text has no raised brackets, so that a layer is written ``W⁽¹⁾``. Where the index of an example
    stands above as well, that would be read as an example.

    Args:
        latex: the symbol in LaTeX; empty if it has none.
        text: the symbol in text.

    >>> layer_in_brackets("W^{[1]}", "W⁽¹⁾"), layer_in_brackets("a^{[l-1]}", "a⁽ˡ⁻¹⁾")
    ('W^[1]', 'a^[l−1]')
    >>> layer_in_brackets("v", "v")
    'v'
    """
    raised = _RAISED_LAYER.search(text)
    if raised is None or not latex or not split_symbol(latex).sup.startswith("["):
        return text
    layer = "".join(_LOWERED.get(sign, sign) for sign in raised[1]).replace("-", "−")
    return f"{text[: raised.start()]}^[{layer}]"


def superscript_text(text: str) -> str | None:
    """``text`` in Unicode's superscript characters, or ``None`` if one is missing.

    >>> superscript_text("m"), superscript_text("-1"), superscript_text("i'")
    ('ᵐ', '⁻¹', None)
    """
    return _translated(text, _SUPERSCRIPTS)


def _translated(text: str, table: dict[str, str]) -> str | None:
    characters = [table.get(character) for character in text.replace("−", "-")]
    if not characters or None in characters:
        return None
    return "".join(character for character in characters if character)


class _Pair(NamedTuple):
    latex: str
    text: str


@lru_cache(maxsize=1024)
def default_symbols(name: str) -> DefaultSymbols:
    r"""How the quantity or function called ``name`` prints, unless its author says otherwise.

    ===================== ============================== ==========================
    name                  LaTeX                          text
    ===================== ============================== ==========================
    ``w``                 ``w``                          ``w``
    ``lambda_``, ``λ``    ``\lambda``                    ``λ``
    ``yhat``, ``y_hat``   ``\hat{y}``                    ``ŷ``
    ``W1`` (a layer)      ``W^{[1]}``                    ``W⁽¹⁾``
    ``w_1``, ``w_out``    ``w_{1}``, ``w_{\mathrm{out}}``  ``w_1``, ``w_out``
    ``loss``              ``\mathrm{loss}``              ``loss``
    ===================== ============================== ==========================

    Digits at the end are a layer, since they are that in most models; digits after an underscore
    are a subscript. The accents are hat, bar, tilde, vec and dot, on one letter. LaTeX has no
    sign for some letters of Python's names (``é``): then the two LaTeX forms are empty, and
    writing the symbol as LaTeX is an error that asks for one.

    Args:
        name: a Python identifier.

    Raises:
        InputError: ``name`` is no Python identifier.

    >>> default_symbols("x")
    DefaultSymbols(latex='x', text='x', stack_latex='X', stack_text='X')
    >>> default_symbols("yhat").stack_latex, default_symbols("z2").stack_text
    ('\\hat{Y}', 'Z⁽²⁾')
    >>> default_symbols("theta_max").latex
    '\\theta_{\\mathrm{max}}'
    """
    if not name.isidentifier():
        raise InputError(f"{name!r} is not a name: use letters, digits and underscores")
    small = _symbol(name, capital=False)
    large = _symbol(name, capital=True)
    return DefaultSymbols(small.latex, small.text, large.latex, large.text)


def _symbol(name: str, *, capital: bool) -> _Pair:
    stem = name.rstrip("_") or name
    plain = _letter(stem, capital=capital)
    if plain is not None:
        return plain
    layer = re.fullmatch(r"(.*[^\d_])(\d+)", stem)
    if layer:
        base = _symbol(layer[1], capital=capital)
        if "_" not in base.text:
            above = superscript_text(f"({layer[2]})") or f"^({layer[2]})"
            return _Pair(base.latex and f"{base.latex}^{{[{layer[2]}]}}", base.text + above)
    for ending, (command, combining) in _ACCENTS.items():
        letter = _letter(stem.removesuffix(ending).rstrip("_"), capital=capital)
        if stem.endswith(ending) and letter is not None:
            accented = unicodedata.normalize("NFC", letter.text + combining)
            return _Pair(letter.latex and f"{command}{{{letter.latex}}}", accented)
    head, underscore, tail = stem.partition("_")
    if underscore and head and "_" not in tail:
        base = _symbol(head, capital=capital)
        below = _word(tail)
        latex = f"{base.latex}_{{{below.latex}}}" if base.latex and below.latex else ""
        return _Pair(latex, f"{base.text}_{below.text}")
    return _word(stem)


def _letter(name: str, *, capital: bool) -> _Pair | None:
    """A single letter or the name of a Greek one; ``capital`` if there is a capital."""
    name = _LETTER_TO_GREEK.get(name, name)
    if capital and name.capitalize() in _GREEK:
        name = name.capitalize()
    if name in _GREEK:
        return _Pair(*_GREEK[name])
    if name == "ell":
        return _Pair(r"\ell", "ℓ") if not capital else _Pair("L", "L")
    if len(name) == 1 and name.isalpha():
        letter = name.upper() if capital and len(name.upper()) == 1 else name
        return _Pair(letter if letter.isascii() else "", letter)
    return None


def _word(name: str) -> _Pair:
    letter = _letter(name, capital=False)
    if letter is not None:
        return letter
    if name.isdigit() and name.isascii():
        return _Pair(name, name)
    if not name.isascii():
        return _Pair("", name)
    escaped = name.replace("_", r"\_")
    return _Pair(rf"\mathrm{{{escaped}}}", name)


@lru_cache(maxsize=1024)
def index_symbols(name: str) -> tuple[str, str]:
    r"""LaTeX and text of the index called ``name``, whose primes are kept.

    >>> index_symbols("i'"), index_symbols("mu")
    (("i'", "i'"), ('\\mu', 'μ'))
    """
    stem = name.rstrip("'")
    primes = name[len(stem) :]
    latex, text = size_symbols(stem)
    return latex and latex + primes, text + primes


@lru_cache(maxsize=1024)
def size_symbols(name: str) -> tuple[str, str]:
    """LaTeX and text of the size called ``name``: digits at its end are a subscript.

    >>> size_symbols("m"), size_symbols("n1")
    (('m', 'm'), ('n_{1}', 'n_1'))
    """
    numbered = re.fullmatch(r"(.*[^\d_])_?(\d+)", name)
    if numbered:
        base = default_symbols(numbered[1])
        return base.latex and f"{base.latex}_{{{numbered[2]}}}", f"{base.text}_{numbered[2]}"
    symbols = default_symbols(name)
    return symbols.latex, symbols.text


# The LaTeX of a symbol ---------------------------------------------------------------------------

_LONGEST_SYMBOL = 80

# Commands with one argument, and commands that are a sign by themselves.
_ACCENT_COMMANDS = (
    *("hat", "widehat", "bar", "overline", "tilde", "widetilde", "vec", "dot", "ddot"),
    *("check", "breve", "acute", "grave", "mathring"),
)
_ALPHABETS = ("mathbf", "mathrm", "mathit", "mathcal", "mathsf", "mathtt", "boldsymbol")
_WITH_ARGUMENT = frozenset((*_ACCENT_COMMANDS, *_ALPHABETS))
_SIGNS = frozenset(
    (
        *("ell", "top", "star", "ast", "dagger", "prime", "circ", "bullet", "perp", "parallel"),
        *("infty", "nabla", "hbar", "imath", "jmath"),
        *("varepsilon", "vartheta", "varpi", "varrho", "varsigma", "varphi"),
        *_GREEK,
    )
)
_TOKEN = re.compile(r"\\[A-Za-z]+|\\_|[A-Za-z0-9^_{}\[\]()+\-*',. ]")


class SplitSymbol(NamedTuple):
    """A symbol taken apart: ``W^{[1]}`` is ``("W", "", "[1]")``."""

    base: str
    sub: str
    sup: str


class _Reader:
    """Reads the LaTeX of one symbol, token by token, and refuses whatever isn't on the list."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens: list[str] = []
        position = 0
        if len(source) > _LONGEST_SYMBOL:
            raise self.error(f"is longer than {_LONGEST_SYMBOL} characters")
        while position < len(source):
            match = _TOKEN.match(source, position)
            if match is None:
                raise self.error(f"contains {source[position]!r}")
            self.tokens.append(match[0])
            position = match.end()
        self.place = 0

    def error(self, fault: str) -> InputError:
        return InputError(f"the LaTeX symbol {self.source[: _LONGEST_SYMBOL + 1]!r} {fault}")

    def peek(self) -> str:
        while self.place < len(self.tokens) and self.tokens[self.place] == " ":
            self.place += 1
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.place += 1
        return token

    def symbol(self) -> SplitSymbol:
        """The whole source: atoms, of which the last may have scripts."""
        atoms, sub, sup = self.atoms(inside=False)
        if not atoms:
            raise self.error("has nothing in it" if not self.tokens else "has no base")
        return SplitSymbol(_joined(atoms), sub, sup)

    def atoms(self, *, inside: bool) -> tuple[list[str], str, str]:
        """Atoms with their scripts up to the end, or up to ``}`` if ``inside`` a group. The
        scripts of the last atom come apart from it."""
        atoms: list[str] = []
        sub = sup = ""
        while (token := self.peek()) and token != "}":
            if token in ("^", "_", "'"):
                if not atoms and not inside:
                    raise self.error("has a script without a base")
                if token == "'":
                    if sup and set(sup) != {"'"}:
                        raise self.error("has two superscripts")
                    self.take()
                    sup += "'"
                    continue
                self.take()
                if (token == "^" and sup) or (token == "_" and sub):
                    raise self.error(f"has two scripts with {token!r}")
                script = self.argument()
                sub, sup = (script, sup) if token == "_" else (sub, script)
                continue
            if sub or sup:
                atoms.append(_with_scripts("", sub, sup))
                sub = sup = ""
            if not inside and token in "+-*,.()[]":
                raise self.error(f"contains {token!r} outside a script or a group")
            atoms.append(self.atom())
        if inside:
            if not token:
                raise self.error("has a brace that isn't closed")
        elif token:
            raise self.error("has a closing brace too many")
        return atoms, sub, sup

    def atom(self) -> str:
        token = self.take()
        if token == "{":
            inner, sub, sup = self.atoms(inside=True)
            self.take()
            if not inner:
                raise self.error("has an empty group")
            return "{" + _with_scripts(_joined(inner), sub, sup) + "}"
        if not token.startswith("\\"):
            return token
        name = token[1:]
        if name in _SIGNS or name == "_":
            return token
        if name in _WITH_ARGUMENT:
            return f"{token}{{{self.argument()}}}"
        raise self.error(f"uses {token}, which no symbol may")

    def argument(self) -> str:
        """What follows a command or a script sign, without its braces."""
        token = self.peek()
        if token in ("", "}", "^", "_", "'"):
            raise self.error("has a command or a script with nothing after it")
        atom = self.atom()
        return atom[1:-1] if token == "{" else atom


def _joined(atoms: list[str]) -> str:
    """Atoms one after another; a space where a command would run into a letter."""
    source = ""
    for atom in atoms:
        if re.search(r"\\[A-Za-z]+$", source) and atom[0].isalpha():
            source += " "
        source += atom
    return source


def _with_scripts(base: str, sub: str, sup: str) -> str:
    primes = bool(sup) and set(sup) == {"'"}
    above = sup if primes or not sup else f"^{{{sup}}}"
    return base + above + (f"_{{{sub}}}" if sub else "")


@lru_cache(maxsize=1024)
def split_symbol(latex: str) -> SplitSymbol:
    r"""A symbol's base, subscript and superscript, in normal form.

    Raises:
        InputError: see :func:`validate_latex_symbol`.

    >>> split_symbol(r"W^{[1]}")
    SplitSymbol(base='W', sub='', sup='[1]')
    >>> split_symbol(r"\hat y_1").sub
    '1'
    """
    return _Reader(latex).symbol()


def validate_latex_symbol(latex: str) -> str:
    r"""``latex`` itself, if an author may use it as a symbol.

    Allowed are letters, digits, scripts, groups, accents, alphabets, Greek letters and a few
    signs; inside scripts and groups also brackets, commas, ``+``, ``-`` and ``*``. So a symbol
    can define nothing, read no file and close no environment, and TeX can set it.

    Raises:
        InputError: anything else, and unbalanced braces, double scripts, empty groups, more
            than 80 characters; the message names the symbol and the fault.

    >>> validate_latex_symbol(r"\hat{y}^{[l-1]}")
    '\\hat{y}^{[l-1]}'
    >>> validate_latex_symbol(r"\input{x}")
    Traceback (most recent call last):
    derive.errors.InputError: the LaTeX symbol '\\input{x}' uses \input, which no symbol may
    """
    split_symbol(latex)
    return latex
