"""From a term to boxes: the one place that settles order, signs, fractions and parentheses.

The conventions are those of a textbook page:

* numbers, sizes and hyperparameters in front form one fraction, ``1/(2m)``, and what follows
  stays behind it: never a sum over ``m``;
* numbers never multiply: ``1/2 · 1/3`` keeps both, since each of them has its own origin;
* a quotient of other factors is a fraction of its own, ``y_i/a_i``;
* a sum that isn't the last factor, and a sum under ``Σ``, get parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from fractions import Fraction as Rational

from derive.functions import FUNCTIONS
from derive.matrix_functions import INVERSE, MATRIX_FUNCTIONS, inverse_places, matrix_of
from derive.model import Quantity
from derive.notation.boxes import (
    UNIT,
    BigOperator,
    Box,
    Call,
    Exponential,
    Fraction,
    FractionKind,
    Juxtaposed,
    Listed,
    Marked,
    Parenthesised,
    Root,
    Row,
    Scripts,
    Sign,
    Signed,
    Symbol,
    fraction,
    juxtaposed,
    nesting,
    parenthesised,
    scripts,
)
from derive.notation.notation import Notation
from derive.notation.symbols import (
    default_symbols,
    index_symbols,
    layer_in_brackets,
    size_symbols,
    split_symbol,
)
from derive.terms import (
    Add,
    Apply,
    Delta,
    Derivative,
    Family,
    Index,
    IndexLike,
    Number,
    Power,
    Product,
    Ref,
    Shift,
    Size,
    Sum,
    Term,
    Within,
    contains,
    factors_of,
    is_negative,
    put_place,
    references,
    walk,
)

__all__ = [
    "SUBSCRIPTED",
    "determinant_box",
    "function_symbol",
    "layout",
    "special_call",
    "stack_symbol",
]


class Strength(IntEnum):
    """How tightly a term holds together on the page, loosest first."""

    ADDITION = 0  # a + b, −a
    PRODUCT = 1  # a b
    PREFIX = 2  # Σ a, ln a, ∂/∂w [a]: open towards the right
    FRACTION = 3  # a/b: closed on a line, open under a power
    POWER = 4  # a², e^a, √a, ∂₁L(a): closed, but takes no power itself
    ATOM = 5  # a, σ(a), 2


_STRENGTH: dict[type[Term], Strength] = {
    Add: Strength.ADDITION,
    Product: Strength.PRODUCT,
    Sum: Strength.PREFIX,
    Power: Strength.POWER,
    Delta: Strength.ATOM,
    Within: Strength.ATOM,
    Family: Strength.POWER,
    Ref: Strength.ATOM,
    Size: Strength.ATOM,
    Number: Strength.ATOM,
}

# Functions that print in a way of their own.
_EXPONENTIAL = "exp"
_SQUARE_ROOT = "sqrt"
_LOGARITHM = "ln"

#: Those whose second argument, a parameter, is printed as a subscript.
SUBSCRIPTED = frozenset({"leaky_relu", "elu", "huber"})

# LaTeX operators that are written without parentheses in front of a simple argument.
_NAMED_OPERATORS = frozenset(
    {
        r"\ln",
        r"\log",
        r"\log_2",
        r"\exp",
        r"\sin",
        r"\cos",
        r"\tan",
        r"\sinh",
        r"\cosh",
        r"\tanh",
        r"\arctan",
        r"\ln\cosh",
        r"\ln\Gamma",
        r"\max",
        r"\min",
    }
)

_PARTIAL = Symbol(r"\partial", "∂", "sign")
_TOTAL = Symbol("d", "d", "sign")
_DOTS = Symbol(r"\cdots", "⋯", "sign")
_SUMMATION = Symbol(r"\sum", "Σ", "sign")
_DELTA = Symbol(r"\delta", "δ")
_EQUALS_ONE = Symbol("=1", "=1", "sign")
_MINUS_ONE = Symbol("-1", "-1", "sign")
_GREATER = Symbol(">", " > ", "sign")
_AT_MOST = Symbol(r"\le ", " ≤ ", "sign")
_PLUS_SIGN = Symbol("+", "+", "sign")
_MINUS_SIGN = Symbol("-", "−", "sign")
_PLUS = Symbol("+", " + ", "sign")
_MINUS = Symbol("-", " − ", "sign")
_LEFT = Symbol("(", "(", "sign")
_RIGHT = Symbol(")", ")", "sign")


@dataclass(frozen=True, slots=True)
class _Quotient:
    """Factors of a product that print as one fraction."""

    above: tuple[Term, ...]
    below: tuple[Term, ...]
    coefficient: bool


def layout(term: Term, notation: Notation | None = None) -> Box:
    """``term`` as a tree of boxes.

    >>> from derive.notation.boxes import Scripts
    >>> isinstance(layout(Ref("x", (Index("i", "m"),))), Scripts)
    True
    """
    if notation is None:
        return _Layout(Notation()).box(term)
    # Kept with the notation: the lines of a derivation have most of their parts in common.
    known: _Layout | None = notation.__dict__.get("_layout")
    if known is None:
        known = notation.__dict__["_layout"] = _Layout(notation)
    return known.box(term)


def function_symbol(name: str, notation: Notation) -> Symbol:
    """The sign of a function: an abstract one of the problem, or a known one.

    >>> function_symbol("sigmoid", Notation()).text
    'σ'
    """
    return _Layout(notation).function(name)


def special_call(name: str, arguments: list[Box], sign_of: Callable[[str], Symbol]) -> Box | None:
    """The functions that do not print as a sign in front of all their arguments: ``π``, ``|u|``,
    ``1[u > v]``, ``max(0, u)`` and those that carry a parameter as a subscript, ``ELU_α(u)``.

    Args:
        name: the function.
        arguments: its arguments, laid out.
        sign_of: the sign of a function.
    """
    if not arguments:
        return sign_of(name)
    if name == "abs":
        return parenthesised(arguments[0], "bar")
    if name in ("max", "min"):
        # max(0, u), as it is always written, whatever the order in which it was given
        numbers_first = sorted(arguments, key=lambda box: not _is_number(box))
        return Call(sign_of(name), _arguments(numbers_first))
    if name == "greater":
        left, right = arguments
        return Call(sign_of(name), parenthesised(Row((left, _GREATER, right)), "square"))
    if name in SUBSCRIPTED:
        return Call(Scripts(sign_of(name), sub=arguments[1]), _arguments(arguments[:1]))
    if name == "polygamma":
        order = Row((_LEFT, arguments[0], _RIGHT))
        return Call(Scripts(sign_of("digamma"), sup=order), _arguments(arguments[1:]))
    return None


def determinant_box(function: str, matrix: Box) -> Box:
    """``det Σ`` or ``ln|det Σ|``."""
    sign = Symbol(r"\det", "det", "named operator")
    if function == "det":
        return Call(sign, matrix)
    logarithm = Symbol(r"\ln", "ln", "named operator")
    return Call(logarithm, parenthesised(Call(sign, matrix), "bar"))


def _decimal(value: Rational) -> str | None:
    """A fraction over a power of ten, from hundredths down, as a decimal: 0.044715."""
    denominator, twos, fives = value.denominator, 0, 0
    if denominator < 50:
        return None
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    if denominator != 1 or not twos or not fives:
        return None
    places = max(twos, fives)
    digits = str(value.numerator * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def _is_number(box: Box) -> bool:
    return isinstance(box, Symbol) and box.kind == "number"


def stack_symbol(quantity: Quantity, notation: Notation) -> Symbol:
    """The symbol of a quantity's whole array: bold if the notation says so, unless the quantity
    is a scalar.

    >>> x = Quantity("x", (Index("i", "m"),), "data", "x", "x", "x", "x")
    >>> stack_symbol(x, Notation(vectors="bold"))
    Symbol(latex='\\\\mathbf{x}', text='x', kind='identifier')
    """
    text = _layered(quantity.stack_latex, quantity.stack_text, notation)
    latex = quantity.stack_latex
    if notation.vectors == "bold" and quantity.indices and latex:
        latex = _bold(latex)
    return Symbol(latex, text)


def _layered(latex: str, text: str, notation: Notation) -> str:
    """The text of a symbol: a layer in brackets where an example stands above in parentheses."""
    return layer_in_brackets(latex, text) if notation.examples == "superscript" else text


#: A base of which every sign is upright in bold: letters, digits and accents on them.
_LATIN = re.compile(r"(?:[A-Za-z0-9{} ]|\\(?:hat|bar|tilde|vec|dot)(?![A-Za-z]))+")


def _bold(latex: str) -> str:
    """A symbol with its base in bold; its scripts stay as they are."""
    base, sub, sup = split_symbol(latex)
    upright = re.fullmatch(r"\\mathrm\{([^{}\\]*)\}", base)
    if upright:
        base = rf"\mathbf{{{upright[1]}}}"
    elif _LATIN.fullmatch(base):
        base = rf"\mathbf{{{base}}}"
    elif not base.startswith((r"\mathbf", r"\boldsymbol")):
        base = rf"\boldsymbol{{{base}}}"
    # Primes are a superscript without braces.
    above = sup if not sup or set(sup) == {"'"} else f"^{{{sup}}}"
    return base + above + (f"_{{{sub}}}" if sub else "")


class _Layout:
    """The layout of terms in one notation."""

    def __init__(self, notation: Notation) -> None:
        self.notation = notation
        problem = notation.problem
        self.quantities = {} if problem is None else {q.name: q for q in problem.quantities}
        self.raised = _raised_places(notation)
        # By identity, since equal terms may differ in their origins; with the term itself, since
        # an identity is given anew once its owner is gone.
        self._boxes: dict[int, tuple[Term, Box]] = {}

    # Terms in general ---------------------------------------------------------------------------

    def box(self, term: Term) -> Box:
        """``term`` where nothing stands around it."""
        known = self._boxes.get(id(term))
        if known is None:
            known = self._boxes[id(term)] = (term, self._box(term))
        return known[1]

    def _box(self, term: Term) -> Box:
        match term:
            case Number():
                return self.number(term)
            case Size():
                return self.leaf(term, Symbol(*size_symbols(term.name)))
            case Ref():
                return self.reference(term)
            case Within():
                return self.within(term)
            case Delta():
                return Scripts(_DELTA, self.subscript((term.left, term.right)))
            case Product():
                return self.product(term.factors)
            case Add():
                return Signed(tuple(self.signed_terms(term.terms)))
            case Power():
                return self.power(term)
            case Apply():
                return self.application(term)
            case Sum():
                return self.sum(term)
            case Family():
                body = parenthesised(self.box(term.body), "round")
                return Scripts(body, Symbol(*index_symbols(term.index.name)))
            case Derivative():
                return self.derivative(term)
            case _:
                raise TypeError(f"no layout for a {type(term).__name__}")

    def strength(self, term: Term) -> Strength:
        """How tightly ``term`` holds together once it is laid out."""
        if is_negative(term):
            return Strength.ADDITION
        match term:
            case Number(value=value) if value.denominator != 1:
                return Strength.FRACTION
            case Power() if _is_reciprocal(term):
                return Strength.FRACTION
            case Power(base=Apply() as base, exponent=exponent):
                bare = self.is_named(base.function) and _is_count(exponent)
                return self.strength(base) if bare and not any(base.orders) else Strength.POWER
            case Apply(function=name) if name in (_EXPONENTIAL, _SQUARE_ROOT):
                return Strength.POWER
            case Apply():
                if len(term.arguments) > 1 and any(term.orders):
                    return Strength.POWER
                return Strength.PREFIX if self.is_bare(term) else Strength.ATOM
            case Derivative(of=Ref()):
                return Strength.FRACTION
            case Derivative():
                return Strength.PREFIX
            case _:
                return _STRENGTH[type(term)]

    def at_least(self, strength: Strength, term: Term) -> Box:
        """``term``, in parentheses if it is looser than its surroundings need."""
        if self.strength(term) >= strength:
            return self.box(term)
        return parenthesised(self.box(term))

    def leaf(self, term: Number | Size | Ref, box: Box) -> Box:
        track = self.notation.track
        return Marked(box) if track is not None and track in term.origin else box

    # Leaves -------------------------------------------------------------------------------------

    def number(self, number: Number) -> Box:
        if number.value < 0:
            return Signed((("-", self.number(_absolute(number))),))
        if number.value.denominator == 1:
            return self.leaf(number, _digits(number.value.numerator))
        decimal = _decimal(number.value)
        if decimal is not None:
            return self.leaf(number, Symbol(decimal, decimal, "number"))
        above = _digits(number.value.numerator)
        below = _digits(number.value.denominator)
        return self.leaf(number, Fraction(above, below, "small"))

    def reference(self, ref: Ref) -> Box:
        symbol = self.symbol(ref.name)
        if not ref.indices:
            return self.leaf(ref, symbol)
        below = list(ref.indices)
        above = None
        place = self.raised.get(ref.name)
        if place is not None and place < len(below):
            # In parentheses: it counts examples, and is no power.
            above = Row((_LEFT, _index(below.pop(place)), _RIGHT))
        return self.leaf(ref, Scripts(symbol, self.subscript(below) if below else None, above))

    def symbol(self, name: str) -> Symbol:
        """The symbol of a quantity, without indices."""
        known = self.quantities.get(name) or default_symbols(name)
        return Symbol(known.latex, _layered(known.latex, known.text, self.notation))

    def subscript(self, indices: Sequence[IndexLike]) -> Box:
        """Indices side by side, with commas where they would run together."""
        symbols = [_index(index) for index in indices]
        if len(symbols) == 1 and isinstance(symbols[0], Symbol):
            return symbols[0]
        if all(isinstance(symbol, Symbol) and len(symbol.text) == 1 for symbol in symbols):
            return Row(tuple(symbols))
        return Listed(tuple(symbols))

    # Products and quotients ---------------------------------------------------------------------

    def product(self, factors: Sequence[Term]) -> Box:
        """The product of ``factors``; a leading negative number gives its sign to the whole."""
        if is_negative(factors[0]) and isinstance(factors[0], Number):
            return Signed((("-", self.positive_product(_without_sign(factors))),))
        return self.positive_product(factors)

    def positive_product(self, factors: Sequence[Term]) -> Box:
        entries = self.quotients(factors)
        last = len(entries) - 1
        return juxtaposed(
            [
                self.quotient(entry)
                if isinstance(entry, _Quotient)
                else self.factor(entry, last=place == last)
                for place, entry in enumerate(entries)
            ]
        )

    def factor(self, term: Term, *, last: bool) -> Box:
        """``term`` beside other factors; what is open towards the right may only be ``last``."""
        if not last:
            match term:
                case Derivative(of=of) if not isinstance(of, Ref):
                    return self.derivative(term, bracketed=True)
                case Apply() if self.is_bare(term):
                    return self.application(term, bare=False)
                case Power(base=Apply() as base) if self.strength(term) == Strength.PREFIX:
                    return self.application(base, above=self.box(term.exponent), bare=False)
                case _:
                    pass
        return self.at_least(Strength.PREFIX if last else Strength.FRACTION, term)

    def quotients(self, factors: Sequence[Term]) -> list[Term | _Quotient]:
        """``factors`` in order, where those that print as one fraction are gathered."""
        entries: list[Term | _Quotient] = []
        in_front = self.coefficients_among(factors)
        start = 0
        while start < len(factors):
            coefficient = in_front[start]
            end = start + 1
            while end < len(factors) and in_front[end] == coefficient:
                end += 1
            run = factors[start:end]
            gather = self.coefficient_run if coefficient else self.plain_run
            entries.extend(gather(run))
            start = end
        return _with_number_inside(_reciprocals_first(entries))

    def coefficients_among(self, factors: Sequence[Term]) -> list[bool]:
        """Which factors make fractions of coefficients. A hyperparameter that something else is
        divided by, as in ``(z_i − y_i)/δ``, is a denominator like any other."""
        found: list[bool] = []
        for factor in factors:
            divides = isinstance(factor, Power) and isinstance(factor.base, Ref)
            behind = not all(found)
            found.append(self.is_coefficient(factor) and not (divides and behind))
        return found

    def is_coefficient(self, term: Term) -> bool:
        """Whether ``term`` belongs to the fraction in front: it is made of numbers, sizes and
        hyperparameters."""
        match term:
            case Number(value=value):
                return value >= 0
            case Size():
                return True
            case Ref(name=name, indices=()):
                if self.notation.problem is None:
                    return True
                quantity = self.quantities.get(name)
                return quantity is not None and quantity.role == "hyperparameter"
            case Power(base=base, exponent=Number()):
                parts = [part for part in walk(base) if not isinstance(part, (Add, Product))]
                return all(isinstance(part, Number) or self.is_coefficient(part) for part in parts)
            case _:
                return False

    def coefficient_run(self, run: Sequence[Term]) -> list[Term | _Quotient]:
        above: list[Term] = []
        below: list[Term] = []
        for term in run:
            if isinstance(term, Number):
                top, bottom = _over(term)
                above.extend(top)
                below.extend(bottom)
            elif isinstance(term, Power) and _is_reciprocal(term):
                below.extend(_denominator(term))
            else:
                above.append(term)
        if not below:
            return list(run)
        return [_Quotient(_numbers_first(above), _numbers_first(below), coefficient=True)]

    def plain_run(self, run: Sequence[Term]) -> list[Term | _Quotient]:
        entries: list[Term | _Quotient] = []
        above: list[Term] = []
        below: list[Term] = []

        def close() -> None:
            if below:
                entries.append(_Quotient(tuple(above), tuple(below), coefficient=False))
            else:
                entries.extend(above)
            above.clear()
            below.clear()

        for place, term in enumerate(run):
            if isinstance(term, Power) and _is_reciprocal(term):
                below.extend(_denominator(term))
                continue
            if below:
                close()
            following = run[place + 1] if place + 1 < len(run) else None
            if _fits_above(term, following):
                if isinstance(term, Sum):
                    close()
                above.append(term)
            else:
                close()
                entries.append(term)
        close()
        return entries

    def quotient(self, entry: _Quotient) -> Box:
        kind: FractionKind = "coefficient" if entry.coefficient else "ordinary"
        plain = all(isinstance(term, Number) for term in (*entry.above, *entry.below))
        if plain and len(entry.above) <= 1 and len(entry.below) == 1:
            kind = "small"
        above = self.side(entry.above) if entry.above else UNIT
        return fraction(above, self.side(entry.below), kind)

    def side(self, factors: Sequence[Term]) -> Box:
        """The numerator or the denominator made of ``factors``."""
        if len(factors) == 1:
            return self.box(factors[0])
        last = len(factors) - 1
        return juxtaposed(
            [self.factor(term, last=place == last) for place, term in enumerate(factors)]
        )

    def power(self, term: Power) -> Box:
        base, exponent = term.base, term.exponent
        if _is_reciprocal(term):
            return self.positive_product((term,))
        if exponent == Number(Rational(1, 2)):
            return Root(self.box(base))
        above = self.box(exponent)
        plain = isinstance(base, Apply) and not any(base.orders) and _is_count(exponent)
        if isinstance(base, Apply) and plain and self.is_named(base.function):
            return self.application(base, above=above)
        return scripts(self.power_base(base), sup=above)

    def power_base(self, base: Term) -> Box:
        box = self.at_least(Strength.ATOM, base)
        inner = box.body if isinstance(box, Marked) else box
        if isinstance(base, Ref) and isinstance(inner, Scripts) and inner.sup is not None:
            return parenthesised(box, "round")  # the index of the example stands there already
        symbol = inner.base if isinstance(inner, Scripts) else inner
        named = isinstance(symbol, Symbol) and symbol.kind == "identifier"
        if isinstance(symbol, Symbol) and named and symbol.latex:
            return parenthesised(box, "round") if split_symbol(symbol.latex).sup else box
        return box

    # Sums ---------------------------------------------------------------------------------------

    def signed_terms(self, terms: Sequence[Term]) -> list[tuple[Sign, Box]]:
        """Terms with their signs; long runs of alike terms are cut short."""
        signed: list[tuple[Sign, Box]] = []
        for run in self.runs(terms):
            shown: Iterable[Term] = run
            if self.notation.longest_sum is not None and len(run) > self.notation.longest_sum:
                signed.extend(self.signed(term) for term in run[:2])
                signed.append(("+", _DOTS))
                shown = run[-1:]
            signed.extend(self.signed(term) for term in shown)
        return signed

    def runs(self, terms: Sequence[Term]) -> list[list[Term]]:
        """``terms`` in order, each run of terms that count up together."""
        if self.notation.longest_sum is None:
            return [list(terms)]
        runs: list[list[Term]] = []
        for term in terms:
            if runs and _counts_up(runs[-1], term):
                runs[-1].append(term)
            else:
                runs.append([term])
        return runs

    def signed(self, term: Term) -> tuple[Sign, Box]:
        if not is_negative(term):
            return "+", self.at_least(Strength.PRODUCT, term)
        if isinstance(term, Number):
            return "-", self.number(_absolute(term))
        return "-", self.positive_product(_without_sign(factors_of(term)))

    def sum(self, term: Sum) -> Box:
        size = term.index.size
        upper = Symbol(*size_symbols(size)) if isinstance(size, str) else _digits(size)
        lower = Row((Symbol(*index_symbols(term.index.name)), _EQUALS_ONE))
        return BigOperator(_SUMMATION, lower, upper, self.at_least(Strength.PRODUCT, term.body))

    def within(self, term: Within) -> Box:
        """``[1 ≤ s − t + 1 ≤ K]``"""
        size = term.size
        upper = Symbol(*size_symbols(size)) if isinstance(size, str) else _digits(size)
        inside = Row((_digits(1), _AT_MOST, place_box(term.place), _AT_MOST, upper))
        return parenthesised(inside, "square")

    # Functions ----------------------------------------------------------------------------------

    def function(self, name: str) -> Symbol:
        """The symbol of a function: an abstract one of the problem, or a known one."""
        abstract = None if self.notation.problem is None else self.notation.problem.function(name)
        if abstract is not None:
            text = _layered(abstract.latex, abstract.text, self.notation)
            return Symbol(abstract.latex, text, "function")
        if name == _LOGARITHM and self.notation.logarithm == "log":
            return Symbol(r"\log", "log", "named operator")
        if name == _SQUARE_ROOT:
            return Symbol(r"\operatorname{sqrt}", "sqrt", "function")
        if name in FUNCTIONS:
            known = FUNCTIONS[name]
            named = known.latex in _NAMED_OPERATORS
            return Symbol(known.latex, known.text, "named operator" if named else "function")
        symbols = default_symbols(name)
        return Symbol(symbols.latex, symbols.text, "function")

    def is_named(self, name: str) -> bool:
        """Whether the function is a named operator that prints as one, as ln does."""
        return name != _EXPONENTIAL and self.function(name).kind == "named operator"

    def is_bare(self, term: Apply) -> bool:
        """Whether the argument stands without parentheses: ``ln a``."""
        simple = len(term.arguments) == 1 and _is_simple(term.arguments[0])
        return simple and self.is_named(term.function) and not any(term.orders)

    def application(self, term: Apply, above: Box | None = None, bare: bool | None = None) -> Box:
        """A function applied, with the power ``above`` on its sign: ``tanh² z``."""
        if self.is_own(term.function, MATRIX_FUNCTIONS):
            return self.of_matrix(term)
        if self.is_own(term.function, FUNCTIONS) and not any(term.orders):
            special = self.special(term)
            if special is not None:
                return special if above is None else scripts(special, sup=above)
        if not any(term.orders) and len(term.arguments) == 1:
            if term.function == _EXPONENTIAL:
                return Exponential(self.box(term.arguments[0]))
            if term.function == _SQUARE_ROOT:
                return Root(self.box(term.arguments[0]))
        function = self.differentiated(term)
        if above is not None:
            function = scripts(function, sup=above)
        if self.is_bare(term) if bare is None else bare:
            return Call(function, self.box(term.arguments[0]))
        return Call(function, _arguments([self.box(argument) for argument in term.arguments]))

    def is_own(self, name: str, ours: Container[str]) -> bool:
        """Whether the name is one of these functions of ours, which no abstract one of the problem
        hides."""
        problem = self.notation.problem
        return name in ours and (problem is None or problem.function(name) is None)

    def of_matrix(self, term: Apply) -> Box:
        """``(Σ⁻¹)_pq``, ``ln|det Σ|``."""
        rows, columns, element = matrix_of(term)
        matrix = self.whole(element, rows, columns)
        if term.function != INVERSE:
            return determinant_box(term.function, matrix)
        inverse = parenthesised(Scripts(matrix, sup=_MINUS_ONE), "round")
        return Scripts(inverse, sub=self.subscript(inverse_places(term)))

    def whole(self, element: Term, rows: Index, columns: Index) -> Box:
        """The matrix with this element: ``Σ``, or the element in parentheses with its indices."""
        if isinstance(element, Ref) and element.indices == (rows, columns):
            quantity = self.quantities.get(element.name)
            if quantity is not None:
                return stack_symbol(quantity, self.notation)
            return self.symbol(element.name)
        return Scripts(parenthesised(self.box(element)), sub=self.subscript((rows, columns)))

    def special(self, term: Apply) -> Box | None:
        """The application as a box, where the function prints in a way of its own."""
        return special_call(
            term.function, [self.box(argument) for argument in term.arguments], self.function
        )

    def differentiated(self, term: Apply) -> Box:
        """The sign of the function with its orders: ``g′``, ``∂₁L``."""
        symbol = self.function(term.function)
        if not any(term.orders):
            return symbol
        if len(term.arguments) == 1:
            order = term.orders[0]
            primes = Symbol("'" * order, "′″‴"[min(order, 3) - 1], "sign")
            counted = Symbol(f"({order})", f"({order})", "sign")
            return Scripts(symbol, sup=primes if order <= 3 else counted)
        return Row(
            (
                *(
                    Scripts(_PARTIAL, _digits(place), _digits(order) if order > 1 else None)
                    for place, order in enumerate(term.orders, start=1)
                    if order
                ),
                symbol,
            )
        )

    # Derivatives --------------------------------------------------------------------------------

    def derivative(self, term: Derivative, *, bracketed: bool = False) -> Box:
        sign = _TOTAL if self.is_total(term) else _PARTIAL
        below = Row((sign, self.box(term.by)))
        if isinstance(term.of, Ref):
            return Fraction(Row((sign, self.box(term.of))), below, "derivative")
        if isinstance(term.of, Derivative) and isinstance(term.of.of, Ref):
            # ∂²J/∂w∂v for ∂/∂w (∂J/∂v)
            above = Row((Scripts(_PARTIAL, sup=Symbol("2", "2", "number")), self.box(term.of.of)))
            below = Row((_PARTIAL, self.box(term.by), _PARTIAL, self.box(term.of.by)))
            return Fraction(above, below, "derivative")
        return Juxtaposed(
            (Fraction(sign, below, "derivative"), self.operand(term.of, bracketed=bracketed))
        )

    def operand(self, of: Term, *, bracketed: bool) -> Box:
        """What ∂/∂w is applied to, in brackets unless it cannot be misread."""
        inner = self.box(of)
        first = of.base if isinstance(of, Power) else of
        closed = self.strength(of) >= Strength.POWER and not isinstance(first, (Number, Size))
        if not bracketed and (closed or isinstance(of, (Apply, Derivative))):
            return inner
        if nesting(inner) > 0:
            return parenthesised(inner)  # another kind than the one inside
        square = bracketed or contains(of, Sum)
        return parenthesised(inner, "square" if square else "round")

    def is_total(self, term: Derivative) -> bool:
        """Whether the derivative is written with d: what is differentiated is defined by that one
        quantity alone, besides data and hyperparameters, which are constants."""
        problem = self.notation.problem
        if problem is None:
            return False
        constants = {q.name for q in problem.inputs if q.role in ("data", "hyperparameter")}
        if not isinstance(term.of, Ref):
            return {r for r in references(term.of) if r.name not in constants} == {term.by}
        definition = problem.definition(term.of.name)
        if definition is None:
            return False
        found = {ref for ref in references(definition.body) if ref.name not in constants}
        if len(found) != 1:
            return False
        (only,) = found
        if len(definition.indices) != len(term.of.indices):
            return False
        values = dict(zip(definition.indices, term.of.indices, strict=True))
        # An index that the head doesn't hold is bound inside: then there are many such elements.
        if any(index not in values for index in only.running):
            return False
        places = tuple(put_place(place, values) for place in only.indices)
        return only.name == term.by.name and places == term.by.indices


# Helpers that need no notation -------------------------------------------------------------------


def _raised_places(notation: Notation) -> dict[str, int]:
    """By the name of a quantity, which of its indices stands above: that of the examples."""
    problem = notation.problem
    if notation.examples == "subscript" or problem is None or problem.example_index is None:
        return {}
    example = problem.example_index
    return {q.name: q.indices.index(example) for q in problem.quantities if example in q.indices}


def _index(index: IndexLike) -> Symbol | Row:
    match index:
        case Index(name=name):
            return Symbol(*index_symbols(name))
        case Shift():
            return Row(tuple(_shift(index, _PLUS_SIGN, _MINUS_SIGN)))
        case _:
            return _digits(index)


def place_box(place: IndexLike) -> Symbol | Row:
    """A place by itself, as in a range or in a sentence: ``t + k − 1`` with room at its signs."""
    if isinstance(place, Shift):
        return Row(tuple(_shift(place, _PLUS, _MINUS)))
    return _index(place)


def _shift(shift: Shift, plus: Symbol, minus: Symbol) -> Iterator[Box]:
    """``t + k − 1``, closed up as a subscript is."""
    for place, (index, count) in enumerate(shift.parts):
        if count < 0 or place:
            # A sign in front of all belongs to what follows.
            yield (minus if place else _MINUS_SIGN) if count < 0 else plus
        if abs(count) != 1:
            yield _digits(abs(count))
        yield Symbol(*index_symbols(index.name))
    if shift.offset:
        yield minus if shift.offset < 0 else plus
        yield _digits(abs(shift.offset))


def _digits(value: int) -> Symbol:
    return Symbol(str(value), str(value), "number")


def _absolute(number: Number) -> Number:
    return replace(number, value=abs(number.value))


def _without_sign(factors: Sequence[Term]) -> tuple[Term, ...]:
    """``factors`` without the sign of the first one, a negative number."""
    first, *rest = factors
    assert isinstance(first, Number)
    if first.value == -1 and rest:
        return tuple(rest)
    return (_absolute(first), *rest)


def _is_reciprocal(term: Power) -> bool:
    return isinstance(term.exponent, Number) and term.exponent.value < 0


def _is_count(exponent: Term) -> bool:
    """Whether ``f^exponent`` can only be a power: not the inverse function."""
    return isinstance(exponent, Number) and exponent.value.denominator == 1 and exponent.value >= 2


def _is_simple(argument: Term) -> bool:
    if isinstance(argument, Number):
        return argument.value >= 0 and argument.value.denominator == 1
    return isinstance(argument, (Ref, Size))


def _over(number: Number) -> tuple[list[Term], list[Term]]:
    """A number not below 0 as what stands above and what stands below the line."""
    if number.value.denominator == 1 or _decimal(number.value) is not None:
        return [number], []
    above: list[Term] = [replace(number, value=Rational(number.value.numerator))]
    below: list[Term] = [replace(number, value=Rational(number.value.denominator))]
    return ([] if number.value.numerator == 1 else above), below


def _denominator(term: Power) -> list[Term]:
    """The factors below the line of a power with a negative number as its exponent."""
    base, exponent = term.base, term.exponent
    assert isinstance(exponent, Number)
    if exponent.value != -1:
        return [Power(base, replace(exponent, value=-exponent.value))]
    if isinstance(base, Product) and not any(_has_line(factor) for factor in base.factors):
        return list(base.factors)
    return [base]


def _has_line(factor: Term) -> bool:
    """Whether a factor prints with a sign or a fraction line, or is itself a product."""
    match factor:
        case Number(value=value):
            return value < 0 or value.denominator != 1
        case Power():
            return _is_reciprocal(factor)
        case _:
            return isinstance(factor, Product)


def _numbers_first(terms: Sequence[Term]) -> tuple[Term, ...]:
    return tuple(sorted(terms, key=lambda term: not isinstance(term, Number)))


def _fits_above(term: Term, following: Term | None) -> bool:
    """Whether ``term`` may be a numerator. Sums may only above sums: ``Σ …`` over a size hides
    the factor 1/m, which is what a reader looks for."""
    if isinstance(term, Sum):
        return (
            isinstance(following, Power)
            and _is_reciprocal(following)
            and contains(following.base, Sum)
        )
    return not contains(term, (Sum, Derivative)) and not any(
        isinstance(part, Power) and _is_reciprocal(part) for part in walk(term)
    )


def _reciprocals_first(entries: list[Term | _Quotient]) -> list[Term | _Quotient]:
    """What only divides stands before the sum that it divides: ``1/s (a − b)`` rather than
    ``(a − b) · 1/s``, which would be read up to its end for a small thing."""
    ordered: list[Term | _Quotient] = []
    for entry in entries:
        divides = isinstance(entry, _Quotient) and not entry.above and not entry.coefficient
        place = len(ordered)
        while divides and place and isinstance(ordered[place - 1], (Add, Sum)):
            place -= 1
        ordered.insert(place, entry)
    return ordered


def _with_number_inside(entries: list[Term | _Quotient]) -> list[Term | _Quotient]:
    """A number in front of a fraction goes into it: ``2/x``, ``1/(2√u)``; but ``½ · y/a`` and
    ``(1/m) · y/a`` keep their coefficient apart."""
    lead = 0
    while lead < len(entries) and not isinstance(entries[lead], _Quotient):
        lead += 1
    if lead == len(entries):
        return entries
    inner = entries[lead]
    assert isinstance(inner, _Quotient)
    if inner.coefficient:
        following = entries[lead + 1] if lead + 1 < len(entries) else None
        if (
            lead == 0
            and isinstance(following, _Quotient)
            and not inner.above
            and not following.above
            and all(isinstance(term, Number) for term in inner.below)
        ):
            merged = _Quotient((), (*inner.below, *following.below), coefficient=False)
            return [merged, *entries[2:]]
        return entries
    front = [entry for entry in entries[:lead] if isinstance(entry, Term)]
    if front and all(isinstance(term, (Number, Size)) for term in front):
        merged = _Quotient((*front, *inner.above), inner.below, coefficient=False)
        return [merged, *entries[lead + 1 :]]
    return entries


def _arguments(boxes: Sequence[Box]) -> Parenthesised:
    body = boxes[0] if len(boxes) == 1 else Listed(tuple(boxes))
    simple = all(_is_flat(box) for box in boxes)
    return Parenthesised(body, "round", 0 if simple else nesting(body) + 1)


def _is_flat(box: Box) -> bool:
    """Whether parentheses around ``box`` are so slight that they don't count as nested."""
    match box:
        case Marked(body=body):
            return _is_flat(body)
        case Scripts(base=base):
            return isinstance(base, Symbol)
        case Signed(parts=((_, only),)):
            return _is_flat(only)
        case _:
            return isinstance(box, Symbol)


# Alike terms -------------------------------------------------------------------------------------


def _counts_up(run: Sequence[Term], term: Term) -> bool:
    """Whether ``term`` continues ``run``: the same but for numbers in subscripts, each of which
    stays or goes up by one, the same ones as between the first two."""
    pattern, places = _pattern(run[-1])
    next_pattern, next_places = _pattern(term)
    if pattern != next_pattern or len(places) != len(next_places):
        return False
    steps = [new - old for old, new in zip(places, next_places, strict=True)]
    if not any(steps) or any(step not in (0, 1) for step in steps):
        return False
    if len(run) == 1:
        return True
    former = _pattern(run[-2])[1]
    return steps == [new - old for old, new in zip(former, places, strict=True)]


def _pattern(term: Term) -> tuple[object, list[int]]:
    """The term with the numbers in its subscripts taken out, and those numbers in order."""
    numbers: list[int] = []
    nodes: list[object] = []

    def place(index: IndexLike) -> object:
        if not isinstance(index, int):
            return index
        numbers.append(index)
        return "number"

    for part in walk(term):
        match part:
            case Ref(name=name, indices=indices):
                nodes.append((name, tuple(place(index) for index in indices)))
            case Delta(left=left, right=right):
                nodes.append(("delta", place(left), place(right)))
            case Within(place=inside, size=size):
                nodes.append(("within", place(inside), size))
            case Number(value=value):
                nodes.append(value)
            case Size(name=name):
                nodes.append(("size", name))
            case Sum(index=index) | Family(index=index):
                nodes.append((type(part).__name__, index))
            case Apply(function=name, arguments=arguments, orders=orders):
                nodes.append((name, len(arguments), orders))
            case Add(terms=parts) | Product(factors=parts):
                nodes.append((type(part).__name__, len(parts)))
            case _:
                nodes.append(type(part).__name__)
    return tuple(nodes), numbers
