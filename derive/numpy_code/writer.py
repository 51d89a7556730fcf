"""From terms and matrix expressions, in the rows layout, to expressions on arrays.

Each operation and each function is written as the writer's dialect has it: NumPy, PyTorch or JAX.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from derive.errors import Unsupported
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
from derive.matrix.vectorise import arrangement, vectorise
from derive.model import Problem
from derive.numpy_code.arrays import argument_names, axes_of, inputs_of
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
from derive.numpy_code.dialects import NUMPY, Dialect
from derive.symmetry import SYMMETRIC_DOMAINS
from derive.terms import (
    ONE,
    Add,
    Apply,
    Delta,
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

__all__ = ["IndexedWriter", "Writer", "dimensions", "partial_name"]


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
    parentheses. A call with a minus sign in front holds together as a sign does."""
    if written.startswith("-") and _level(written[1:]) == Level.ATOM:
        return Level.UNARY
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
        self,
        problem: Problem,
        names: Mapping[str, str],
        sizes: Mapping[str, str],
        dialect: Dialect = NUMPY,
    ) -> None:
        self.problem = problem
        self.dialect = dialect
        # The cost is a function of every element of a parameter, and its gradient is that: what is
        # the same for symmetric matrices alone would be another function.
        self._each_element_free = replace(
            problem,
            quantities=tuple(
                replace(each, domain="real")
                if each.role == "parameter" and each.domain in SYMMETRIC_DOMAINS
                else each
                for each in problem.quantities
            ),
        )
        #: The array that is given whose kind of numbers new arrays take.
        self.like = next((names[each.name] for each in inputs_of(problem)), "")
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
        form = vectorise(term, self._each_element_free, "rows", target)
        if form.expression is not None:
            turned = len(target) == 2 and (form.rows, form.columns) != target
            return self.matrix(transpose(form.expression) if turned else form.expression)
        return IndexedWriter(self).term(term, target)

    def in_order(self, term: Term, axes: tuple[Index, ...]) -> Code:
        """The term as an array with these axes in this order, also where a matrix has the examples
        as its rows."""
        stored = axes
        if len(axes) == 2:
            stored = tuple(i for i in arrangement(axes, self.problem, "rows") if i is not None)
        return self.ordered(self.term(term, stored), stored, axes)

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
        """Scalar factors before and, as divisors, behind ``operand``; of a large array that is
        multiplied by a smaller one, the smaller one takes them."""
        if operand is not None and operand.parts is not None and coefficient:
            large, small = operand.parts
            return times(large, self.scaled(coefficient, small))
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
        value = self.problem.at_jump(function)
        written = self.dialect.function(f"{function} at its jump" if value else function)
        for helper in self.dialect.helpers:
            if f"_{helper}(" in written:
                self.helpers[helper] = None
        given = [self._as_array(argument) for argument in arguments]
        inside = {
            slot: argument.text if _is_alone(slot, written) else argument.at(Level.ATOM)
            for slot, argument in zip("uvw", given, strict=False)
        }
        if given:
            inside["minus_u"] = negated(given[0]).text
            inside["order"] = arguments[0].text
        if value:
            inside["value"] = number(value).text
        return Code(written.format(**inside, like=self.like), _level(written))

    def _as_array(self, argument: Code) -> Code:
        """An argument of a function; a number becomes an array where functions take no numbers."""
        if not self.dialect.wraps_numbers or not self.is_number(argument):
            return argument
        return self.operation("number", u=argument)

    def is_number(self, code: Code) -> bool:
        """Whether an expression is made of numbers and sizes alone."""
        return self._identifiers(code) <= {"math", "pi", "log", "sqrt", *self.size_names.values()}

    @staticmethod
    def _identifiers(code: Code) -> set[str]:
        return set(re.findall(r"(?<![\w.])[A-Za-z_]\w*|(?<=math\.)\w+", code.text))

    def operation(self, name: str, *, extent: str = "", **operands: Code) -> Code:
        """An operation on whole arrays, as a call."""
        template = self.dialect.operations[name]
        texts = {
            slot: code.text
            if f"({{{slot}}}" in template or f" {{{slot}}}" in template
            else code.at(Level.ATOM)
            for slot, code in operands.items()
        }
        return Code(self.dialect.operation(name, extent=extent, like=self.like, **texts))

    # Matrices ------------------------------------------------------------------------------------

    def matrix(self, matrix: Matrix) -> Code:
        """A matrix expression; a row or column vector has one axis, a scalar none."""
        match matrix:
            case Array(name=name, of=of):
                return Code(self.names[f"d{of}/d{name}"] if of else self.names[name])
            case Constant(value=value):
                return self.scalar(value)
            case Ones(extent=extent):
                return self.operation("ones", extent=self.extent(extent))
            case Identity(extent=extent):
                return self.operation("identity", extent=self.extent(extent))
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
                return self.call(function, self._side_by_side(function, arguments), orders)
            case Rowwise(function=function, arguments=arguments):
                return self.call(function, [self.matrix(part) for part in arguments])
            case Scaled(coefficient=coefficient, operand=Ones() as operand):
                return times(self.scalar(coefficient), self.matrix(operand))
            case Scaled(coefficient=coefficient, operand=operand):
                return self.scaled(factors_of(coefficient), self.matrix(operand))
            case Weighted(weight=weight, operand=operand):
                return times(self.matrix(weight), self.matrix(operand))
            case Diagonal(vector=vector):
                return self.operation("diagonal matrix", u=self.matrix(vector))
            case Inverse(operand=operand):
                return self.operation("inverse", u=self.matrix(operand))
            case Determinant(function="det", operand=operand):
                return self.operation("determinant", u=self.matrix(operand))
            case Determinant(operand=operand):
                return self.operation("log-determinant", u=self.matrix(operand))
            case Trace(operand=operand):
                return self._trace(operand)
        raise TypeError(f"{type(matrix).__name__} has no NumPy form")

    def extent(self, extent: str | int) -> str:
        """A size in code."""
        if isinstance(extent, int):
            return str(extent)
        self.sizes[extent] = None
        return self.size_names[extent]

    def _side_by_side(self, function: str, arguments: tuple[Matrix, ...]) -> list[Code]:
        """The arguments of a function of several; NumPy broadcasts what is the same along an axis,
        if one of them has every axis. A function of an author's gets all of them whole."""
        short = [self._broadcast(part, part.shape) for part in arguments]
        if function in self.parameters or all(code is not None for code in short):
            short = [None] * len(short)
        return [
            self.matrix(part) if code is None else code
            for part, code in zip(arguments, short, strict=True)
        ]

    def ordered(self, code: Code, stored: tuple[Index, ...], axes: tuple[Index, ...]) -> Code:
        """An array with its axes in another order."""
        if stored == axes:
            return code
        if len(axes) == 2:
            return Code(f"{code.at(Level.ATOM)}.T")
        order = ", ".join(str(stored.index(axis)) for axis in axes)
        return Code(self.dialect.operation("axes", u=code.at(Level.ATOM), order=order))

    def _hadamard(self, factors: tuple[Matrix, ...]) -> Code:
        if len(factors) == 2 and factors[0] == factors[1]:
            return raised(self.matrix(factors[0]), Code("2"))
        return times(*(self.matrix(factor) for factor in factors))

    def _trace(self, operand: Matrix) -> Code:
        """``tr(AᵀB)`` is the sum of ``A * B``."""
        if isinstance(operand, MatrixProduct) and len(operand.factors) == 2:
            first, second = operand.factors
            return summed(self._hadamard((transpose(first), second)), None)
        return self.operation("trace", u=self.matrix(operand))

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
            case MatrixProduct(factors=factors):
                place = next((p for p in range(1, len(factors)) if factors[p].shape[0] == 1), None)
                if place is not None:
                    return self._outer_broadcast(
                        product(*factors[:place]), product(*factors[place:])
                    )
        return None

    def _outer_broadcast(self, left: Matrix, right: Matrix) -> Code | None:
        """``u 𝟏ᵀ`` and ``𝟏 vᵀ`` without the ones."""
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
                return self.operation("outer product", u=self.matrix(left), v=self.matrix(right))
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
            return (
                over(inner, code) if divides else _along_one_axis(inner, code, times(code, inner))
            )
        left = self.matrix(product(*before))
        scaled = over(left, code) if divides else _along_one_axis(left, code, times(left, code))
        return scaled if not after else matmul([scaled, self.matrix(product(*after))])


def _along_one_axis(large: Code, small: Code, whole: Code) -> Code:
    return replace(whole, parts=(large, small))


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
            case Apply(function="logsumexp", arguments=(Family(index=index, body=body),)) if set(
                axes
            ) == set(free_indices(term)):
                return self.writer.call("logsumexp", [self.writer.in_order(body, (*axes, index))])
            case Power(base=base, exponent=exponent) if not free_indices(exponent):
                return raised(self.term(base, axes), self.writer.scalar(exponent))
            case Ref(indices=indices):
                stored = self._stored(term)
                code = self._array(term, stored)
                if stored == axes:
                    return code
                if set(stored) == set(axes) and len(stored) == len(indices) == len(axes):
                    order = ", ".join(str(stored.index(axis)) for axis in axes)
                    written = self.writer.dialect.operation("axes", u=code.text, order=order)
                    return Code(written)
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
        return self.writer.operation("clipped", u=code, v=Code(extent)).text

    def _places(self, place: IndexLike, axes: tuple[Index, ...]) -> Code:
        """The values of a place, counted from 0, as an array that is broadcast to ``axes``."""
        parts, offset = parts_of(place)
        terms: list[Code] = []
        for index, count in parts:
            behind = len(axes) - 1 - axes.index(index)
            grid = self.writer.operation("range", extent=self.writer.extent(index.size)).text
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
        inside = f"({code} >= 0) & ({code} < {self.writer.extent(term.size)})"
        return self.writer.operation("as numbers", u=Code(inside))

    def _equal(self, term: Delta, axes: tuple[Index, ...]) -> Code:
        left, right = (self._places(place, axes) for place in (term.left, term.right))
        return self.writer.operation("as numbers", u=Code(f"{left.text} == {right.text}"))

    def _aligned(self, term: Term, axes: tuple[Index, ...]) -> Code:
        """The term as an array that is broadcast to ``axes``."""
        free = free_indices(term)
        own = tuple(axis for axis in axes if axis in free)
        code = self.writer.in_order(term, own) if len(own) < len(axes) else self.term(term, axes)
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
                code = self.writer.operation("identity", extent=self.writer.extent(own[0].size))
            else:
                own = free_indices(factor)
                code = self.writer.in_order(factor, own)
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
                codes.append(self.writer.operation("ones", extent=self.writer.extent(index.size)))
        if not codes:
            return self.writer.scaled(coefficient, None)
        result = "".join(letters[index] for index in axes)
        return self.writer.scaled(coefficient, self._einsum(subscripts, result, codes))

    def _einsum(self, subscripts: Sequence[str], result: str, codes: Sequence[Code]) -> Code:
        """The contraction; what is only spread out and multiplied, or a diagonal, without
        ``einsum``."""
        plain = all(
            len(set(own)) == len(own) and set(own) <= set(result) for own in subscripts
        ) and set("".join(subscripts)) == set(result)
        if plain and all(_in_order(own, result) for own in subscripts):
            return times(
                *(_spread(code, own, result) for code, own in zip(codes, subscripts, strict=True))
            )
        if len(codes) == 1 and subscripts[0] == result * 2 and len(result) == 1:
            return self.writer.operation("diagonal", u=codes[0])
        dialect = self.writer.dialect
        return Code(
            dialect.operation(
                "einsum" if len(codes) < 3 else "einsum of many",
                signature=f"{','.join(subscripts)}->{result}",
                operands=", ".join(code.text for code in codes),
            )
        )


def _in_order(letters: str, result: str) -> bool:
    """Whether the axes stand in the order in which the result has them."""
    return [letter for letter in result if letter in letters] == list(letters)


def _spread(code: Code, letters: str, result: str) -> Code:
    """The array with an axis of length 1 for each that it lacks; those in front need not be
    written."""
    if result.endswith(letters):
        return code
    first = result.index(letters[0]) if letters else 0
    places = ", ".join(":" if each in letters else "None" for each in result[first:])
    return Code(f"{code.at(Level.ATOM)}[{places}]")
