"""From terms and matrix expressions, in the rows layout, to NumPy expressions."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from derive.errors import Unsupported
from derive.functions import FUNCTIONS
from derive.matrix.expression import (
    Array,
    Constant,
    Determinant,
    Diagonal,
    Elementwise,
    Hadamard,
    HadamardPower,
    HadamardQuotient,
    Identity,
    Inverse,
    Matrix,
    MatrixProduct,
    MatrixSum,
    Ones,
    Rowwise,
    Scaled,
    Shape,
    Trace,
    Transpose,
    Weighted,
    product,
    transpose,
)
from derive.matrix.vectorise import vectorise
from derive.model import Problem
from derive.numpy_code.arrays import argument_names, axes_of
from derive.numpy_code.code import (
    Code,
    Level,
    as_column,
    matmul,
    negated,
    number,
    over,
    plus,
    raised,
    summed,
    times,
)
from derive.terms import (
    ONE,
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
    Term,
    Within,
    bound_indices,
    factors_of,
    free_indices,
    parts_of,
    place_indices,
)

__all__ = ["HELPERS", "TEMPLATES", "IndexedWriter", "Writer", "dimensions", "partial_name"]


#: Functions that the generated module defines for itself, where a formula would be hard to read.
HELPERS: dict[str, str] = {
    "sigmoid": '''\
def _sigmoid(u):
    """1 / (1 + e^(-u)), without overflow."""
    return np.exp(-np.logaddexp(0.0, -u))
''',
    "softmax": '''\
def _softmax(u):
    """e^u / sum(e^u) along the last axis, without overflow."""
    powers = np.exp(u - u.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
''',
    "log_softmax": '''\
def _log_softmax(u):
    """ln(e^u / sum(e^u)) along the last axis, without overflow."""
    shifted = u - u.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
''',
    "erf": '''\
def _erf(u):
    """The error function, of each element."""
    return np.vectorize(math.erf, otypes=[float])(u)
''',
    "normal_cdf": '''\
def _normal_cdf(u):
    """The standard normal distribution function, of each element."""
    return 0.5 * np.vectorize(math.erfc, otypes=[float])(-np.asarray(u) / math.sqrt(2.0))
''',
    "gamma": '''\
def _gamma(u):
    """The gamma function, of each element."""
    return np.vectorize(math.gamma, otypes=[float])(u)
''',
    "log_gamma": '''\
def _log_gamma(u):
    """The logarithm of the gamma function, of each element."""
    return np.vectorize(math.lgamma, otypes=[float])(u)
''',
    "polygamma": '''\
def _polygamma(order, u):
    """The derivative of that order of the digamma function, of each positive element: moved up
    by its recurrence, then the asymptotic series (Abramowitz and Stegun, 6.4.11)."""
    u = np.asarray(u, dtype=float)
    sign, total = (-1.0) ** (order + 1), np.zeros_like(u)
    for _ in range(20):
        total += sign * math.factorial(order) / u ** (order + 1)
        u = u + 1.0
    tail = math.factorial(order) / (2.0 * u ** (order + 1))
    tail += -np.log(u) if order == 0 else math.factorial(order - 1) / u**order
    for k, bernoulli in enumerate((1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730), start=1):
        ratio = math.factorial(2 * k + order - 1) / math.factorial(2 * k)
        tail += bernoulli * ratio / u ** (2 * k + order)
    return total + sign * tail
''',
}

#: What else is written other than as :data:`derive.functions.FUNCTIONS` has it.
TEMPLATES: dict[str, Code] = {
    "sigmoid": Code("_sigmoid({u})"),
    "softmax": Code("_softmax({u})"),
    "log_softmax": Code("_log_softmax({u})"),
    "log_sigmoid": Code("-np.logaddexp(0.0, {minus_u})", Level.UNARY),
    "logsumexp": Code("np.logaddexp.reduce({u}, axis=-1)"),
}


def dimensions(shape: Shape) -> int:
    """How many directions an array of that shape really has."""
    return sum(extent != 1 for extent in shape)


def partial_name(function: str, arguments: Sequence[str], position: int) -> str:
    """The name of a derivative of an abstract function: ``dg``, ``dL_da``."""
    return f"d{function}" if len(arguments) == 1 else f"d{function}_d{arguments[position]}"


def _runs_over_one(term: Term, target: tuple[Index, ...]) -> bool:
    """Whether an index runs to the number 1: a matrix doesn't tell its axis, which the arrays
    have, from one that they lack."""
    indices = (*target, *free_indices(term), *bound_indices(term))
    return any(index.size == 1 for index in indices)


def _is_written(name: str, own: Index, place: IndexLike, problem: Problem) -> bool:
    """Whether the author wrote such a shift of this quantity, so that it is in its range."""

    def form(place: IndexLike) -> object:
        parts, offset = parts_of(place)
        return sorted((str(index.size), count) for index, count in parts), offset

    return any(
        (name, own, form(place)) == (other, its, form(shift))
        for other, its, shift in problem.shifts
    )


def _sides(matrix: Matrix) -> tuple[str, ...]:
    """The axes along which a broadcast term varies: of ``u 𝟏ᵀ`` the rows, of ``𝟏 vᵀ`` the
    columns."""
    match matrix:
        case Scaled(operand=operand) | Weighted(operand=operand):
            return _sides(operand)
        case MatrixProduct(factors=(left, right)):
            down = () if isinstance(left, Ones) else ("rows",)
            along = () if isinstance(transpose(right), Ones) else ("columns",)
            return (*down, *along)
        case _:
            return ()


def _is_alone(slot: str, written: str) -> bool:
    """Whether an argument stands as a whole argument of a call, and so needs no parentheses."""
    sign = f"{{{slot}}}"
    alone = re.findall(
        rf"(?<=[(,]){re.escape(sign)}(?=[,)])|(?<=, ){re.escape(sign)}(?=[,)])", written
    )
    return len(alone) == written.count(sign)


def _level(written: str) -> Level:
    """How tightly a function's expression holds together: one call does, anything else is given
    parentheses."""
    if re.fullmatch(r"[\w.]+", written):
        return Level.ATOM
    if not re.match(r"[\w.]+\(", written):
        return Level.ADD
    depth = 0
    for place, character in enumerate(written):
        depth += (character == "(") - (character == ")")
        if character == ")" and not depth:
            return Level.ATOM if place == len(written) - 1 else Level.ADD
    return Level.ADD


class Writer:
    """Writes matrix expressions in the rows layout as NumPy expressions.

    ``names`` gives the variable of each quantity, ``sizes`` that of each size; ``functions`` the
    parameters' names of each
    abstract function; what was used of sizes, helpers and derivatives is collected.
    """

    def __init__(
        self, problem: Problem, names: Mapping[str, str], sizes: Mapping[str, str]
    ) -> None:
        self.problem = problem
        self.names = names
        self.size_names = sizes
        self.parameters = {
            function.name: argument_names(function, problem) for function in problem.functions
        }
        self.helpers: dict[str, None] = {}
        self.functions: dict[str, None] = {}
        self.sizes: dict[str, None] = {}

    # Terms ---------------------------------------------------------------------------------------

    def term(self, term: Term, target: tuple[Index, ...]) -> Code:
        """The term as an array with the axes ``target`` (in the order in which it is stored)."""
        if _runs_over_one(term, target):
            return IndexedWriter(self).term(term, target)
        form = vectorise(term, self.problem, "rows", target)
        if form.expression is not None:
            return self.matrix(form.expression)
        return IndexedWriter(self).term(term, target)

    def scalar(self, term: Term) -> Code:
        """A term without indices."""
        match term:
            case Number(value=value):
                return number(value)
            case Size(name=name):
                return Code(self.extent(name))
            case Ref(name=name):
                return Code(self.names[name])
            case Add(terms=terms):
                return plus([self.scalar(part) for part in terms])
            case Product(factors=factors):
                return self.scaled(factors, None)
            case Power(base=base, exponent=exponent):
                if exponent == Number(Fraction(-1)):
                    return self.scaled((term,), None)
                return raised(self.scalar(base), self.scalar(exponent))
            case Apply(function=function, arguments=arguments, orders=orders):
                return self.call(function, [self.scalar(part) for part in arguments], orders)
        raise Unsupported(f"{term} cannot be written as NumPy code")

    def scaled(self, coefficient: Sequence[Term], operand: Code | None) -> Code:
        """Scalar factors before and, as divisors, behind ``operand``."""
        above: list[Code] = []
        below: list[Code] = []
        negative = False
        for factor in coefficient:
            if isinstance(factor, Number):
                negative ^= factor.value < 0
                top, bottom = abs(factor.value.numerator), factor.value.denominator
                above.extend([number(Fraction(top))] if top != 1 else [])
                below.extend([number(Fraction(bottom))] if bottom != 1 else [])
            elif isinstance(factor, Power) and factor.exponent == Number(Fraction(-1)):
                below.extend(self.scalar(part) for part in factors_of(factor.base))
            else:
                above.append(self.scalar(factor))
        if operand is not None:
            above.append(operand)
        whole = times(*above) if above else Code("1")
        if below:
            whole = over(whole, times(*below))
        return negated(whole) if negative else whole

    def _at_jump(self, function: str, written: str) -> str:
        """The expression of a function with the problem's convention for where it jumps."""
        value = self.problem.at_jump(function)
        if not value:
            return written
        at_zero = number(value).text
        if function == "greater":
            return f"np.heaviside({{u}} - {{v}}, {at_zero})"
        if function == "sign":
            return f"np.where({{u}} == 0, {at_zero}, np.sign({{u}}))"
        raise Unsupported(f"there is no convention for {function} in NumPy code")

    def call(self, function: str, arguments: Sequence[Code], orders: tuple[int, ...] = ()) -> Code:
        """A function applied."""
        texts = ", ".join(argument.text for argument in arguments)
        if function in self.parameters:
            if not any(orders):
                self.functions[function] = None
                return Code(f"{function}({texts})")
            if sum(orders) != 1:
                raise Unsupported(f"a higher derivative of {function} has no name in NumPy code")
            name = partial_name(function, self.parameters[function], orders.index(1))
            self.functions[name] = None
            return Code(f"{name}({texts})")
        if any(orders):
            raise Unsupported(f"the derivative of {function} is not written out")
        if function in TEMPLATES and function in HELPERS:
            self.helpers[function] = None
        if function in TEMPLATES:
            (argument,) = arguments
            template = TEMPLATES[function]
            minus = negated(argument).text
            return replace(template, text=template.text.format(u=argument.text, minus_u=minus))
        written = self._at_jump(function, FUNCTIONS[function].numpy)
        for helper in HELPERS:
            if f"_{helper}(" in written:
                self.helpers[helper] = None
        slots = dict(zip("uvw", arguments, strict=False))
        inside = {
            slot: argument.text if _is_alone(slot, written) else argument.at(Level.ATOM)
            for slot, argument in slots.items()
        }
        return Code(written.format(**inside), _level(written))

    # Matrices ------------------------------------------------------------------------------------

    def matrix(self, matrix: Matrix) -> Code:
        """A matrix expression; a row or column vector has one axis, a scalar none."""
        match matrix:
            case Array(name=name, of=of):
                return Code(self.names[f"d{of}/d{name}"] if of else self.names[name])
            case Constant(value=value):
                return self.scalar(value)
            case Ones(extent=extent):
                return Code(f"np.ones({self.extent(extent)})")
            case Identity(extent=extent):
                return Code(f"np.eye({self.extent(extent)})")
            case Transpose(operand=operand):
                inner = self.matrix(operand)
                return Code(f"{inner.at(Level.ATOM)}.T") if dimensions(matrix.shape) == 2 else inner
            case MatrixProduct(factors=factors):
                return self._product(factors)
            case MatrixSum(terms=terms):
                return self._sum(terms, matrix.shape)
            case Hadamard(factors=factors):
                return self._hadamard(factors)
            case HadamardQuotient(numerator=above, denominator=below):
                return over(self.matrix(above), self.matrix(below))
            case HadamardPower(base=base, exponent=exponent):
                return raised(self.matrix(base), self.scalar(exponent))
            case Elementwise(function=function, arguments=arguments, orders=orders):
                return self.call(function, [self.matrix(part) for part in arguments], orders)
            case Rowwise(function=function, arguments=arguments):
                return self.call(function, [self.matrix(part) for part in arguments])
            case Scaled(coefficient=coefficient, operand=Ones() as operand):
                return times(self.scalar(coefficient), self.matrix(operand))
            case Scaled(coefficient=coefficient, operand=operand):
                return self.scaled(factors_of(coefficient), self.matrix(operand))
            case Weighted(weight=weight, operand=operand):
                return times(self.matrix(weight), self.matrix(operand))
            case Diagonal(vector=vector):
                return Code(f"np.diag({self.matrix(vector).text})")
            case Inverse(operand=operand):
                return Code(f"np.linalg.inv({self.matrix(operand).text})")
            case Determinant(function="det", operand=operand):
                return Code(f"np.linalg.det({self.matrix(operand).text})")
            case Determinant(operand=operand):
                return Code(f"np.linalg.slogdet({self.matrix(operand).text})[1]")
            case Trace(operand=operand):
                return self._trace(operand)
        raise TypeError(f"{type(matrix).__name__} has no NumPy form")

    def extent(self, extent: str | int) -> str:
        """A size in code."""
        if isinstance(extent, int):
            return str(extent)
        self.sizes[extent] = None
        return self.size_names[extent]

    def _hadamard(self, factors: tuple[Matrix, ...]) -> Code:
        if len(factors) == 2 and factors[0] == factors[1]:
            return raised(self.matrix(factors[0]), Code("2"))
        return times(*(self.matrix(factor) for factor in factors))

    def _trace(self, operand: Matrix) -> Code:
        """``tr(AᵀB)`` is the sum of ``A * B``."""
        if isinstance(operand, MatrixProduct) and len(operand.factors) == 2:
            first, second = operand.factors
            return summed(self._hadamard((transpose(first), second)), None)
        return Code(f"np.trace({self.matrix(operand).text})")

    def _sum(self, terms: tuple[Matrix, ...], shape: Shape) -> Code:
        """A sum; a broadcast term is left to NumPy, unless the others lack its axis."""
        written = [self._broadcast(term, shape) for term in terms]
        whole = any(short is None for short in written)
        sides = {side for term in terms for side in _sides(term)}
        if not whole and len(sides) < dimensions(shape):
            written[0] = None
        codes = [
            self.matrix(term) if short is None else short
            for term, short in zip(terms, written, strict=True)
        ]
        return plus(codes)

    def _broadcast(self, term: Matrix, shape: Shape) -> Code | None:
        """A short form of a term that is the same along an axis, for use in a sum."""
        match term:
            case Constant(value=value):
                return self.scalar(value)
            case Scaled(coefficient=coefficient, operand=operand):
                inner = self._broadcast(operand, shape)
                if inner is None:
                    return None
                if inner.text == "1":
                    return self.scalar(coefficient)
                return self.scaled(factors_of(coefficient), inner)
            case Weighted(weight=weight, operand=operand):
                inner = self._broadcast(operand, shape)
                if inner is None:
                    return None
                outer = self.matrix(weight)
                return outer if inner.text == "1" else times(outer, inner)
            case Ones() | Transpose(operand=Ones()):
                return Code("1")
            case MatrixProduct(factors=(left, right)) if left.shape[1] == 1:
                if isinstance(left, Ones) and isinstance(transpose(right), Ones):
                    return Code("1")
                if isinstance(left, Ones):
                    return self.matrix(right)
                if isinstance(transpose(right), Ones):
                    return as_column(self.matrix(left))
        return None

    # Products ------------------------------------------------------------------------------------

    def _product(self, factors: tuple[Matrix, ...]) -> Code:
        for place in range(1, len(factors)):
            if factors[place].shape[0] == 1:  # … v uᵀ …: an outer product
                left, right = product(*factors[:place]), product(*factors[place:])
                if 1 in (left.shape[0], right.shape[1]):
                    return times(self.matrix(left), self.matrix(right))
                return Code(f"np.outer({self.matrix(left).text}, {self.matrix(right).text})")
        if isinstance(transpose(factors[0]), Ones):
            return self._ones_times(product(*factors[1:]))
        if isinstance(factors[-1], Ones):
            return self._ones_times(transpose(product(*factors[:-1])))
        return self._chain(factors)

    def _ones_times(self, rest: Matrix) -> Code:
        """``𝟏ᵀ A``: a sum over the rows."""
        if dimensions(rest.shape) < 2:
            return summed(self.matrix(rest), None)
        if isinstance(rest, Transpose):
            return summed(self.matrix(rest.operand), 1)
        if isinstance(rest, MatrixProduct):
            flipped = transpose(rest)
            if isinstance(flipped, MatrixProduct):
                here = sum(isinstance(part, Transpose) for part in rest.factors)
                there = sum(isinstance(part, Transpose) for part in flipped.factors)
                if there < here:
                    return summed(self.matrix(flipped), 1)
        return summed(self.matrix(rest), 0)

    def _chain(self, factors: tuple[Matrix, ...]) -> Code:
        """A product of matrices and vectors; diagonal matrices become broadcast factors."""
        for place, factor in enumerate(factors):
            if isinstance(factor, Diagonal):
                return self._scaled_axis(factors[:place], factor, factors[place + 1 :])
        codes = [self.matrix(factor) for factor in factors]
        if factors[-1].shape[1] == 1:  # from the right, so that vectors stay vectors
            while len(codes) > 2:
                codes[-2:] = [matmul(codes[-2:])]
        return matmul(codes)

    def _scaled_axis(
        self, before: tuple[Matrix, ...], factor: Diagonal, after: tuple[Matrix, ...]
    ) -> Code:
        vector = factor.vector
        divides = isinstance(vector, HadamardQuotient) and vector.numerator == Constant(
            ONE, vector.shape
        )
        if divides:
            assert isinstance(vector, HadamardQuotient)
            vector = vector.denominator
        code = self.matrix(vector)
        if not before:
            whole = product(*after)
            if dimensions(whole.shape) == 2:
                code = as_column(code)
            inner = self.matrix(whole)
            return over(inner, code) if divides else times(code, inner)
        left = self.matrix(product(*before))
        scaled = over(left, code) if divides else times(left, code)
        return scaled if not after else matmul([scaled, self.matrix(product(*after))])


class IndexedWriter:
    """Writes what has no matrix form, with ``einsum``; arrays have an axis for each index."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    def term(self, term: Term, axes: tuple[Index, ...]) -> Code:
        """The term as an array with these axes."""
        match term:
            case Add(terms=terms):
                parts = [self._aligned(part, axes) for part in terms]
                return plus(parts)
            case Apply(function=function, arguments=arguments, orders=orders) if not any(
                isinstance(argument, Family) for argument in arguments
            ):
                parts = [self._aligned(argument, axes) for argument in arguments]
                return self.writer.call(function, parts, orders)
            case Power(base=base, exponent=exponent) if not free_indices(exponent):
                return raised(self.term(base, axes), self.writer.scalar(exponent))
            case Ref(indices=indices):
                stored = self._stored(term)
                code = self._array(term, stored)
                if stored == axes:
                    return code
                if set(stored) == set(axes) and len(stored) == len(indices) == len(axes):
                    order = ", ".join(str(stored.index(axis)) for axis in axes)
                    return Code(f"{code.text}.transpose({order})")
            case Derivative(of=Ref(name=of), by=by):
                stored = self._stored(by)
                known = self.writer.names.get(f"d{of}/d{by.name}")
                if known is not None and stored == axes:
                    return Code(known)
                if known is not None and set(axes) == set(stored) and len(stored) == len(axes):
                    order = ", ".join(str(stored.index(axis)) for axis in axes)
                    return Code(f"{known}.transpose({order})")
            case Within(place=place) if place_indices(place) == axes:
                return self._bracket(term, axes)
        return self._contraction(term, axes)

    def _stored(self, ref: Ref) -> tuple[Index, ...]:
        """The letters of a reference in the order of the axes of its array."""
        quantity = self.writer.problem.quantity(ref.name)
        letters = dict(zip(quantity.indices, ref.indices, strict=True))
        order = axes_of(quantity, self.writer.problem)
        stored = [letters[index] for index in order]
        if any(isinstance(place, Shift) for place in stored):
            return tuple(dict.fromkeys(i for place in stored for i in place_indices(place)))
        running = tuple(index for index in stored if isinstance(index, Index))
        if len(running) != len(stored):
            raise Unsupported(f"{ref} is a single element; it cannot be written as NumPy code")
        return running

    # Shifted indices ------------------------------------------------------------------------------

    def _array(self, ref: Ref, axes: tuple[Index, ...]) -> Code:
        """The array of a reference; one with shifted indices as the windows that they cut out of
        it, with an axis for each letter."""
        name = self.writer.names[ref.name]
        quantity = self.writer.problem.quantity(ref.name)
        letters = dict(zip(quantity.indices, ref.indices, strict=True))
        order = axes_of(quantity, self.writer.problem)
        stored = [letters[index] for index in order]
        shifted = [n for n, place in enumerate(stored) if isinstance(place, Shift)]
        if not shifted:
            return Code(name)
        first, last = shifted[0], shifted[-1]
        before, behind = stored[:first], stored[last + 1 :]
        # Plain axes outside stay as they are; those between are given by their places too.
        inside = tuple(index for index in axes if index not in before and index not in behind)
        used = [index for place in stored for index in place_indices(place)]
        if len(set(used)) != len(used):
            inside, first, last = axes, 0, len(stored) - 1
        places = [
            self._clipped(ref.name, own, place, inside)
            for own, place in zip(order[first : last + 1], stored[first : last + 1], strict=True)
        ]
        slices = [":"] * first
        return Code(f"{name}[{', '.join([*slices, *places])}]")

    def _clipped(self, name: str, own: Index, place: IndexLike, axes: tuple[Index, ...]) -> str:
        """The places along one axis, counted from 0. Those of a shift that a rule has made may
        lie outside, where a bracket makes them count for nothing."""
        code = self._places(place, axes)
        if isinstance(place, Index) or _is_written(name, own, place, self.writer.problem):
            return code.text
        extent = self.writer.extent(own.size)
        return f"np.clip({code.text}, 0, {extent} - 1)"

    def _places(self, place: IndexLike, axes: tuple[Index, ...]) -> Code:
        """The values of a place, counted from 0, as an array that is broadcast to ``axes``."""
        parts, offset = parts_of(place)
        terms: list[Code] = []
        for index, count in parts:
            behind = len(axes) - 1 - axes.index(index)
            grid = f"np.arange({self.writer.extent(index.size)})"
            if behind:
                grid += f"[:{', None' * behind}]"
            factor = Code(grid) if abs(count) == 1 else times(Code(str(abs(count))), Code(grid))
            terms.append(negated(factor) if count < 0 else factor)
        start = offset - 1 + sum(count for _, count in parts)
        if start:
            terms.append(number(Fraction(start)))
        return plus(terms) if len(terms) > 1 else terms[0] if terms else Code("0")

    def _bracket(self, term: Within, axes: tuple[Index, ...]) -> Code:
        code = self._places(term.place, axes).at(Level.ATOM)
        return Code(f"(({code} >= 0) & ({code} < {self.writer.extent(term.size)}))")

    def _equal(self, term: Delta, axes: tuple[Index, ...]) -> Code:
        left, right = (self._places(place, axes) for place in (term.left, term.right))
        return Code(f"({left.text} == {right.text})")

    def _aligned(self, term: Term, axes: tuple[Index, ...]) -> Code:
        """The term as an array that is broadcast to ``axes``."""
        free = free_indices(term)
        own = tuple(axis for axis in axes if axis in free)
        code = self.writer.term(term, own) if len(own) < len(axes) else self.term(term, axes)
        if not own or own == axes[len(axes) - len(own) :]:
            return code
        places = ", ".join(":" if axis in own else "None" for axis in axes)
        return Code(f"{code.at(Level.ATOM)}[{places}]")

    def _contraction(self, term: Term, axes: tuple[Index, ...]) -> Code:
        from derive.matrix.vectorise import flatten_product

        flat = flatten_product(term, (*axes, *free_indices(term)))
        alone = len(flat.factors) == 1 and flat.factors[0] == term
        if alone and not isinstance(term, (Ref, Delta, Within)):
            raise Unsupported(f"{term} cannot be written as NumPy code")
        letters: dict[Index, str] = {}
        for index in (
            *axes,
            *flat.summed,
            *(i for f in flat.factors for i in free_indices(f)),
        ):
            if index not in letters:
                choice = itertools.chain(index.name[:1], "abcdefghijklmnopqrstuvwxyz")
                letters[index] = next(
                    c for c in choice if c.isascii() and c.isalpha() and c not in letters.values()
                )
        subscripts: list[str] = []
        codes: list[Code] = []
        for factor in flat.factors:
            if isinstance(factor, Ref):
                own = self._stored(factor)
                code = self._array(factor, own)
            elif isinstance(factor, Within):
                own = free_indices(factor)
                code = self._bracket(factor, own)
            elif isinstance(factor, Delta) and (
                isinstance(factor.left, Shift) or isinstance(factor.right, Shift)
            ):
                own = free_indices(factor)
                code = self._equal(factor, own)
            elif isinstance(factor, Delta):
                own = tuple(each for each in (factor.left, factor.right) if isinstance(each, Index))
                if len(own) != 2:
                    raise Unsupported(f"{factor} cannot be written as NumPy code")
                code = Code(f"np.eye({self.writer.extent(own[0].size)})")
            else:
                own = free_indices(factor)
                code = self.writer.term(factor, own)
            subscripts.append("".join(letters[index] for index in own))
            codes.append(code)
        covered = {index for factor in flat.factors for index in free_indices(factor)}
        # What is summed over an index that it doesn't have is multiplied by the size.
        repeated = tuple(
            Size(index.size) if isinstance(index.size, str) else Number(Fraction(index.size))
            for index in flat.summed
            if index not in covered
        )
        coefficient = (*flat.coefficient, *repeated)
        for index in axes:
            if index not in covered:
                subscripts.append(letters[index])
                codes.append(Code(f"np.ones({self.writer.extent(index.size)})"))
        if not codes:
            return self.writer.scaled(coefficient, None)
        result = "".join(letters[index] for index in axes)
        signature = f"{','.join(subscripts)}->{result}"
        texts = ", ".join(code.text for code in codes)
        return self.writer.scaled(coefficient, Code(f'np.einsum("{signature}", {texts})'))
