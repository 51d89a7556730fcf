"""What can be done with symbolic arrays, and NumPy's names for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import pi
from numbers import Integral, Real
from typing import Any, NamedTuple, TypeAlias

from derive import language
from derive.errors import InputError, Unsupported
from derive.language import Expression
from derive.language.borrowed import selected
from derive.language.expressions import term_of
from derive.terms import Number, bound_indices
from derive.tracing.arrays import Axis, SymbolicArray, shape_text, sizes_of
from derive.tracing.session import Session, exact

__all__ = ["OPERATIONS"]

_Build: TypeAlias = Callable[..., Any]


# Operands ----------------------------------------------------------------------------------------


def array_of(session: Session, value: Any) -> SymbolicArray:
    """An operand as a symbolic array; numbers become exact.

    Raises:
        InputError: it is none, or belongs to another call.
    """
    if isinstance(value, SymbolicArray):
        if value.session is not session:
            raise InputError(f"{value} belongs to another call of derive.trace")
        return value
    if isinstance(value, bool):
        raise InputError(f"{value} is no number; write 1 or 0")
    if isinstance(value, Expression):
        if value.named:
            raise InputError(
                f"{value} is a formula of derive's; trace takes NumPy's functions only"
            )
        return session.make((), value)
    if isinstance(value, Fraction):
        return session.make((), _constant(value))
    if isinstance(value, Integral):
        return session.make((), _constant(int(value)))
    if isinstance(value, Real):
        return session.make((), _of_float(float(value)))
    shape = getattr(value, "shape", None)
    if shape == () and hasattr(value, "item"):
        return array_of(session, value.item())
    what = "an array of numbers" if shape is not None else repr(value)
    raise InputError(f"{what} cannot be an operand: make it an argument of the function")


def _constant(value: int | Fraction) -> Expression:
    return Expression(term_of(value))


def _of_float(value: float) -> Expression:
    """A float as the decimal that it was written as; multiples of π by that name."""
    for multiple in (1, 2, 4, Fraction(1, 2)):
        if value == multiple * pi:
            return multiple * language.pi() if multiple != 1 else language.pi()
    return _constant(exact(value))


def _broadcast(session: Session, arrays: Sequence[SymbolicArray]) -> tuple[Axis, ...]:
    """The axes of the result of an elementwise operation."""
    length = max((len(array.axes) for array in arrays), default=0)
    sizes: list[str | int] = [1] * length
    for array in arrays:
        own = sizes_of(array)
        for place, size in enumerate(own, start=length - len(own)):
            if sizes[place] == 1:
                sizes[place] = size
            elif size not in (1, sizes[place]):
                shapes = " and ".join(shape_text(each) for each in arrays if each.axes)
                raise InputError(
                    f"operands of shapes {shapes} do not fit together: {sizes[place]} is not {size}"
                )
    return session.axes(sizes)


def _elementwise(session: Session, build: _Build, *operands: Any) -> SymbolicArray:
    arrays = [array_of(session, operand) for operand in operands]
    axes = _broadcast(session, arrays)
    parts = [session.at(array, axes[len(axes) - len(array.axes) :]) for array in arrays]
    return session.make(axes, _expression(build(*parts)))


def _expression(value: Any) -> Expression:
    return value if isinstance(value, Expression) else _constant(value)


def _abstract(session: Session, handle: Any, operands: Sequence[Any]) -> SymbolicArray:
    """A function that stays abstract, applied to each component."""
    return _elementwise(session, handle, *operands)


# Arithmetic --------------------------------------------------------------------------------------


def _arithmetic(build: _Build, *, boolean: str = "") -> Callable[..., SymbolicArray]:
    """An elementwise operation on numbers; what NumPy does to two truth values instead is named
    by ``boolean``."""

    def run(session: Session, *operands: Any) -> SymbolicArray:
        arrays = [array_of(session, operand) for operand in operands]
        if boolean and all(array.boolean for array in arrays):
            raise InputError(f"NumPy {boolean}; write 1.0 * (u > v) for the numbers 0 and 1")
        return _elementwise(session, build, *arrays)

    return run


def _divide(left: Expression, right: Expression) -> Expression:
    return left / right


def _power(session: Session, base: Any, exponent: Any) -> SymbolicArray:
    of, by = array_of(session, base), array_of(session, exponent)
    term = by.expression.term
    if not isinstance(term, Number):
        raise Unsupported(
            f"{of} ** {by}: an exponent is a number; write np.exp(p * np.log(u)) for another power"
        )
    if abs(term.value) == Fraction(1, 2):
        root = _elementwise(session, language.sqrt, of)
        return root if term.value > 0 else _elementwise(session, lambda u: 1 / u, root)
    value = int(term.value) if term.value.denominator == 1 else term.value
    return _elementwise(session, lambda u: u**value, of)


def _square(u: Expression) -> Expression:
    return u**2


def _softplus_of_two(u: Expression, v: Expression) -> Expression:
    """``ln(e^u + e^v)``."""
    zero = [isinstance(each.term, Number) and not each.term.value for each in (u, v)]
    if zero[0]:
        return language.softplus(v)
    if zero[1]:
        return language.softplus(u)
    return language.ln(language.exp(u) + language.exp(v))


# Comparisons -------------------------------------------------------------------------------------


def _comparison(build: _Build) -> Callable[..., SymbolicArray]:
    def run(session: Session, left: Any, right: Any) -> SymbolicArray:
        made = _elementwise(session, build, left, right)
        made.boolean = True
        return made

    return run


def _logical(build: _Build) -> Callable[..., SymbolicArray]:
    def run(session: Session, *operands: Any) -> SymbolicArray:
        arrays = [array_of(session, operand) for operand in operands]
        for array in arrays:
            if not array.boolean:
                raise InputError(f"{array} is no comparison; & and | and ~ join comparisons")
        made = _elementwise(session, build, *arrays)
        made.boolean = True
        return made

    return run


def _where(session: Session, condition: Any, *branches: Any) -> SymbolicArray:
    if len(branches) != 2:
        raise Unsupported("np.where(condition) gives positions; write np.where(condition, a, b)")
    mask = array_of(session, condition)
    if not mask.boolean:
        raise InputError(f"np.where: {mask} is no comparison, such as z > 0")
    return _elementwise(session, selected, mask, *branches)


def _heaviside(session: Session, of: Any, at_zero: Any) -> SymbolicArray:
    value = array_of(session, at_zero).expression.term
    if not isinstance(value, Number) or value.value not in (0, 1):
        raise Unsupported(f"np.heaviside(u, {value}): the value at 0 must be 0 or 1 here")
    if value.value:
        return _elementwise(session, lambda u: 1 - language.greater(0, u), of)
    return _elementwise(session, language.greater, of)


def _clip(session: Session, of: Any, low: Any = None, high: Any = None) -> SymbolicArray:
    if low is None and high is None:
        raise InputError("np.clip needs a bound")
    if low is None:
        return _elementwise(session, language.minimum, of, high)
    if high is None:
        return _elementwise(session, language.maximum, of, low)
    return _elementwise(session, language.clip, of, low, high)


# Sums --------------------------------------------------------------------------------------------


def _places(array: SymbolicArray, axis: Any) -> tuple[int, ...]:
    """The axes that are meant, counted from 0."""
    if axis is None:
        return tuple(range(len(array.axes)))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    places = []
    for each in given:
        if isinstance(each, bool) or not isinstance(each, Integral):
            raise InputError(f"axis={axis!r} is not a whole number")
        place = int(each) + (len(array.axes) if each < 0 else 0)
        if not 0 <= place < len(array.axes):
            raise InputError(f"axis={axis}: there is no such axis in the shape {shape_text(array)}")
        if place in places:
            raise InputError(f"axis={axis}: the same axis twice")
        places.append(place)
    return tuple(sorted(places))


def _reduction(build: _Build) -> Callable[..., SymbolicArray]:
    def run(
        session: Session,
        of: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,  # noqa: FBT002 - NumPy's own argument
        **given: Any,
    ) -> SymbolicArray:
        if out is not None or given:
            named = ", ".join(given) or "out"
            raise Unsupported(f"the argument {named} of a sum has no counterpart here")
        array = array_of(session, of)
        places = _places(array, axis)
        left = [1 if n in places else size for n, size in enumerate(sizes_of(array))]
        axes = session.axes(left)
        body, over = _bound(session, array, axes, places)
        made = build(body, over) if over else body
        if not keepdims:
            axes = tuple(own for n, own in enumerate(axes) if n not in places)
        return session.make(axes, made)

    return run


def _bound(
    session: Session, array: SymbolicArray, axes: tuple[Axis, ...], places: tuple[int, ...]
) -> tuple[Expression, list[Any]]:
    """The component with letters of their own for the axes that are summed over."""
    full = list(axes)
    inside = bound_indices(array.expression.term)
    for place in places:
        size = sizes_of(array)[place]
        if size != 1:
            taken = [*axes, *(full[p] for p in places)]
            full[place] = session.letter(size, [*taken, *inside])
    return session.at(array, tuple(full)), [full[p] for p in places if full[p] is not None]


def _variance(session: Session, of: Any, axis: Any = None, **given: Any) -> SymbolicArray:
    ddof = given.pop("ddof", 0) or given.pop("correction", 0)
    given.pop("correction", None)
    if ddof:
        raise Unsupported(f"ddof={ddof}: write the sum of squares and its divisor")
    array = array_of(session, of)
    center = _mean(session, array, axis=axis, keepdims=True)
    apart = _elementwise(session, lambda u, v: (u - v) ** 2, array, center)
    return _mean(session, apart, axis=axis, **given)


def _deviation(session: Session, of: Any, axis: Any = None, **given: Any) -> SymbolicArray:
    return _elementwise(session, language.sqrt, _variance(session, of, axis, **given))


def _average(
    session: Session, of: Any, axis: Any = None, weights: Any = None, **given: Any
) -> SymbolicArray:
    if weights is None:
        return _mean(session, of, axis=axis, **given)
    weight = array_of(session, weights)
    array = array_of(session, of)
    if sizes_of(weight) != sizes_of(array):
        raise Unsupported(
            f"np.average: weights of shape {shape_text(weight)} for an array of shape "
            f"{shape_text(array)}; write the sums"
        )
    above = _sum(
        session, _elementwise(session, lambda u, v: u * v, weight, array), axis=axis, **given
    )
    below = _sum(session, weight, axis=axis, **given)
    return _elementwise(session, _divide, above, below)


_sum = _reduction(language.sum)
_mean = _reduction(language.mean)


def _norm(session: Session, of: Any, order: Any = None, axis: Any = None, **given: Any) -> Any:
    array = array_of(session, of)
    many = len(_places(array, axis))
    if order in (None, "fro") or (order == 2 and many == 1):
        squares = _sum(session, _elementwise(session, _square, array), axis=axis, **given)
        return _elementwise(session, language.sqrt, squares)
    if order == 1 and many == 1:
        return _sum(session, _elementwise(session, language.absolute, array), axis=axis, **given)
    raise Unsupported(f"np.linalg.norm(…, ord={order!r}) has no derivation here")


# Products ----------------------------------------------------------------------------------------


def _matmul(session: Session, left: Any, right: Any) -> SymbolicArray:
    a, b = array_of(session, left), array_of(session, right)
    if not a.axes or not b.axes:
        raise InputError(
            f"@ between shapes {shape_text(a)} and {shape_text(b)}: a scalar is multiplied by *"
        )
    a_sizes, b_sizes = sizes_of(a), sizes_of(b)
    inner = (a_sizes[-1], b_sizes[-2] if len(b_sizes) > 1 else b_sizes[0])
    if inner[0] != inner[1]:
        raise InputError(
            f"@ between shapes {shape_text(a)} and {shape_text(b)}: {inner[0]} is not {inner[1]}"
        )
    names = iter("abcdefghklmnopqrstuvwxyz")
    batch = [next(names) for _ in range(max(len(a_sizes), len(b_sizes), 2) - 2)]
    rows, columns = (["i"] if len(a_sizes) > 1 else []), (["j"] if len(b_sizes) > 1 else [])
    of_a = [*batch[len(batch) - max(len(a_sizes) - 2, 0) :], *rows, "|"]
    of_b = [*batch[len(batch) - max(len(b_sizes) - 2, 0) :], "|", *columns]
    return _contract(session, [a, b], [of_a, of_b], [*batch, *rows, *columns], "@")


def _contract(
    session: Session,
    arrays: Sequence[SymbolicArray],
    labels: Sequence[Sequence[str]],
    result: Sequence[str],
    what: str,
) -> SymbolicArray:
    """The sum of products over the labels that the result doesn't have."""
    sizes: dict[str, str | int] = {}
    for array, own in zip(arrays, labels, strict=True):
        for label, size in zip(own, sizes_of(array), strict=True):
            known = sizes.setdefault(label, size)
            if known == 1:
                sizes[label] = size
            elif size not in (1, known):
                shapes = " and ".join(shape_text(each) for each in arrays)
                raise InputError(f"{what} between shapes {shapes}: {known} is not {size}")
    axes = session.axes(sizes[label] for label in result)
    indices: dict[str, Axis] = dict(zip(result, axes, strict=True))
    inside = [index for array in arrays for index in bound_indices(array.expression.term)]
    over = []
    for label, size in sizes.items():
        if label not in indices:
            taken = [*indices.values(), *inside]
            indices[label] = None if size == 1 else session.letter(size, taken)
            over.append(indices[label])
    made: Any = None
    for array, own in zip(arrays, labels, strict=True):
        factor = session.at(array, tuple(indices[label] for label in own))
        made = factor if made is None else made * factor
    summed = [index for index in over if index is not None]
    return session.make(axes, language.sum(made, over=summed) if summed else made)


def _dot(session: Session, left: Any, right: Any) -> SymbolicArray:
    a, b = array_of(session, left), array_of(session, right)
    if not a.axes or not b.axes:
        return _elementwise(session, lambda u, v: u * v, a, b)
    if len(a.axes) > 2 or len(b.axes) > 2:
        raise Unsupported("np.dot of more than two axes: write np.einsum")
    return _matmul(session, a, b)


def _outer(session: Session, left: Any, right: Any) -> SymbolicArray:
    a, b = array_of(session, left), array_of(session, right)
    if len(a.axes) != 1 or len(b.axes) != 1:
        raise InputError(f"np.outer between shapes {shape_text(a)} and {shape_text(b)}")
    return _contract(session, [a, b], ["i", "j"], "ij", "np.outer")


def _einsum(session: Session, subscripts: Any, *operands: Any, **given: Any) -> SymbolicArray:
    if not isinstance(subscripts, str) or "." in subscripts:
        raise Unsupported('np.einsum: give the subscripts as text without "...", such as "ij,j->i"')
    given.pop("optimize", None)
    if any(value is not None for value in given.values()):
        raise Unsupported(f"np.einsum: the argument {', '.join(given)} has no counterpart here")
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    labels = left.split(",")
    arrays = [array_of(session, operand) for operand in operands]
    if len(labels) != len(arrays):
        raise InputError(f"np.einsum({subscripts!r}) takes {len(labels)} arrays, not {len(arrays)}")
    for own, array in zip(labels, arrays, strict=True):
        if len(own) != len(array.axes) or (own and not own.isalpha()):
            raise InputError(f"np.einsum: {own!r} does not fit the shape {shape_text(array)}")
    everything = "".join(labels)
    if not arrow:
        right = "".join(sorted(label for label in set(everything) if everything.count(label) == 1))
    if len(set(right)) != len(right) or not set(right) <= set(everything):
        raise InputError(f"np.einsum({subscripts!r}): the result {right!r} cannot be made of it")
    for own in labels:
        repeated = {label for label in own if own.count(label) > 1}
        if repeated and any(size == 1 for array in arrays for size in sizes_of(array)):
            raise Unsupported(f"np.einsum({subscripts!r}): a diagonal beside an axis of length 1")
    return _contract(session, arrays, labels, right, f"np.einsum({subscripts!r})")


def _diagonal(session: Session, of: Any) -> SymbolicArray:
    return _einsum(session, "ii->i", _square_matrix(session, of))


def _trace(session: Session, of: Any) -> SymbolicArray:
    return _einsum(session, "ii->", _square_matrix(session, of))


def _matrix(
    session: Session, of: Any, what: str
) -> tuple[SymbolicArray, Expression, tuple[Any, Any]]:
    """A square matrix, its element, and the letters of rows and columns that the element has."""
    array = array_of(session, of)
    sizes = sizes_of(array)
    if len(sizes) != 2 or sizes[0] != sizes[1]:
        raise InputError(
            f"np.linalg.{what} of an array of shape {shape_text(array)}, which isn't square"
        )
    if sizes[0] == 1:
        raise Unsupported(f"np.linalg.{what} of an array of shape (1, 1): write it as a number")
    taken = [*array.axes, *session.axes(sizes), *bound_indices(array.expression.term)]
    rows = session.letter(sizes[0], taken)
    columns = session.letter(sizes[0], [*taken, rows])
    return array, session.at(array, (rows, columns)), (rows, columns)


def _inverse(session: Session, of: Any) -> SymbolicArray:
    array, element, over = _matrix(session, of, "inv")
    axes = session.axes(sizes_of(array))
    row, column = axes
    assert row is not None
    assert column is not None
    return session.make(axes, language.inverse(element, over=over)[row, column])


def _determinant(session: Session, of: Any) -> SymbolicArray:
    _, element, over = _matrix(session, of, "det")
    return session.make((), language.det(element, over=over))


class _SignAndLogarithm(NamedTuple):
    """What ``np.linalg.slogdet`` returns."""

    sign: SymbolicArray
    logabsdet: SymbolicArray


def _sign_and_logarithm(session: Session, of: Any) -> _SignAndLogarithm:
    _, element, over = _matrix(session, of, "slogdet")
    return _SignAndLogarithm(
        session.make((), language.sign(language.det(element, over=over))),
        session.make((), language.logdet(element, over=over)),
    )


def _square_matrix(session: Session, of: Any) -> SymbolicArray:
    array = array_of(session, of)
    sizes = sizes_of(array)
    if len(sizes) == 1:
        raise Unsupported("np.diag of a vector: write the product with the matrix as u * w")
    if len(sizes) != 2 or sizes[0] != sizes[1]:
        raise InputError(f"a diagonal of an array of shape {shape_text(array)}, which isn't square")
    return array


# Axes --------------------------------------------------------------------------------------------


def _transpose(session: Session, of: Any, axes: Any = None) -> SymbolicArray:
    array = array_of(session, of)
    count = len(array.axes)
    order = tuple(range(count))[::-1] if axes is None else tuple(int(a) % count for a in axes)
    if sorted(order) != list(range(count)):
        raise InputError(f"axes={axes} is no order of the axes of the shape {shape_text(array)}")
    return _same(session, array, tuple(array.axes[place] for place in order))


def _swap(session: Session, of: Any, first: int, second: int) -> SymbolicArray:
    array = array_of(session, of)
    order = list(range(len(array.axes)))
    order[first], order[second] = order[second], order[first]
    return _transpose(session, array, order)


def _same(session: Session, array: SymbolicArray, axes: tuple[Axis, ...]) -> SymbolicArray:
    """The same components with other axes."""
    return session.make(axes, array.expression, boolean=array.boolean)


def _index(session: Session, of: Any, key: Any) -> SymbolicArray:
    array = array_of(session, of)
    keys = list(key) if isinstance(key, tuple) else [key]
    for each in keys:
        if isinstance(each, SymbolicArray) and each.boolean:
            raise Unsupported(
                f"{array}[…] with a mask has no shape of its own; write np.where(mask, u, 0)"
            )
    ellipses = [place for place, each in enumerate(keys) if each is Ellipsis]
    if len(ellipses) > 1:
        raise InputError("an index has at most one ellipsis")
    room = len(array.axes) - sum(each is not None and each is not Ellipsis for each in keys)
    if room < 0:
        raise InputError(f"too many indices for an array of shape {shape_text(array)}")
    place = ellipses[0] if ellipses else len(keys)
    keys[place : place + bool(ellipses)] = [slice(None)] * room
    axes: list[Axis] = []
    left = list(array.axes)
    for each in keys:
        if each is None:
            axes.append(None)
        elif isinstance(each, slice) and each == slice(None):
            axes.append(left.pop(0))
        elif left[0] is None and isinstance(each, Integral) and each in (0, -1):
            left.pop(0)
        else:
            raise Unsupported(
                f"{array}[{each!r}]: a part of an array has no derivation for every size; declare "
                "it as an argument of its own"
            )
    return _same(session, array, tuple(axes))


def _expand(session: Session, of: Any, axis: Any) -> SymbolicArray:
    array = array_of(session, of)
    axes = list(array.axes)
    place = int(axis) if axis >= 0 else len(axes) + 1 + int(axis)
    axes.insert(place, None)
    return _same(session, array, tuple(axes))


def _squeeze(session: Session, of: Any, axis: Any = None) -> SymbolicArray:
    array = array_of(session, of)
    places = _places(array, axis)
    if axis is not None and any(array.axes[place] is not None for place in places):
        raise InputError(f"axis={axis} of the shape {shape_text(array)} is not of length 1")
    axes = tuple(a for n, a in enumerate(array.axes) if a is not None or n not in places)
    return _same(session, array, axes)


def _as_type(session: Session, of: Any, dtype: Any) -> SymbolicArray:
    import numpy as np

    if not np.issubdtype(np.dtype(dtype), np.floating):
        raise Unsupported(f"astype({dtype!r}) rounds or counts; only numbers with a point are left")
    array = array_of(session, of)
    return session.make(array.axes, array.expression)


def _filled(value: int) -> Callable[..., SymbolicArray]:
    def run(session: Session, of: Any, **given: Any) -> SymbolicArray:
        array = array_of(session, of)
        return session.make(array.axes, _constant(value))

    return run


def _positive(session: Session, of: Any) -> SymbolicArray:
    return array_of(session, of)


# NumPy's protocols -------------------------------------------------------------------------------


def _ufunc(
    session: Session, ufunc: Any, method: str, inputs: tuple[Any, ...], given: Mapping[str, Any]
) -> SymbolicArray:
    name = ufunc.__name__
    named = [key for key, value in given.items() if value is not None]
    if method == "reduce" and name == "add":
        return _sum(session, *inputs, **{"axis": 0, **given})
    if method != "__call__":
        raise Unsupported(f"np.{name}.{method} has no derivation here")
    if "out" in named:
        raise InputError(f"np.{name} with out= changes an array in place; make a new one")
    if named:
        raise Unsupported(f"np.{name}: the argument {', '.join(named)} has no counterpart here")
    operation = _UFUNCS.get(name)
    if operation is None:
        raise Unsupported(f"np.{name} has no derivation here{_hint(name)}")
    made: SymbolicArray = operation(session, *inputs)
    return made


def _function(session: Session, func: Any, arguments: Any, given: Any) -> Any:
    name = func.__name__
    module = str(getattr(func, "__module__", "")).removesuffix("._linalg")
    qualified = f"linalg.{name}" if "linalg" in module else name
    operation = _FUNCTIONS.get(qualified) or _FUNCTIONS.get(name)
    if operation is None:
        raise Unsupported(f"np.{name} has no derivation here{_hint(name)}")
    kept = {_SPELLINGS.get((name, key), key): value for key, value in given.items()}
    try:
        return operation(session, *arguments, **kept)
    except TypeError as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
            raise
        raise Unsupported(
            f"np.{name}: its arguments {', '.join(given)} have no counterpart"
        ) from None


#: What helps where a function of NumPy's has no derivation here.
_HINTS = {
    "max": "; where it is subtracted for stability, leave it out: the exported code is stable",
    "amax": "; where it is subtracted for stability, leave it out: the exported code is stable",
    "equal": "; a comparison for equality is 1 almost nowhere",
    "prod": "; write np.exp(np.log(u).sum())",
    "concatenate": "; give the parts as arguments of their own",
    "stack": "; give the parts as arguments of their own",
    "reshape": "; declare the array with the axes that it should have",
    "cumsum": "; partial sums have no index notation here",
}


def _hint(name: str) -> str:
    return _HINTS.get(name, "")


def _unary(build: _Build) -> Callable[..., SymbolicArray]:
    return lambda session, of: _elementwise(session, build, of)


def _shape(session: Session, of: Any) -> Any:
    return array_of(session, of).shape


def _ndim(session: Session, of: Any) -> int:
    return len(array_of(session, of).axes)


_ADD = _arithmetic(lambda u, v: u + v, boolean="adds two truth values to a third (or)")
_SUBTRACT = _arithmetic(lambda u, v: u - v, boolean="does not subtract truth values")
_MULTIPLY = _arithmetic(lambda u, v: u * v, boolean="multiplies two truth values to a third (and)")
_NEGATIVE = _arithmetic(lambda u: -u, boolean="does not negate truth values")
_ABSOLUTE = _unary(language.absolute)

_COMPARISONS: dict[str, Callable[..., Any]] = {
    "greater": _comparison(language.greater),
    "less": _comparison(lambda u, v: language.greater(v, u)),
    "greater_equal": _comparison(lambda u, v: 1 - language.greater(v, u)),
    "less_equal": _comparison(lambda u, v: 1 - language.greater(u, v)),
    "logical_and": _logical(lambda u, v: u * v),
    "logical_or": _logical(lambda u, v: 1 - (1 - u) * (1 - v)),
    "logical_not": _logical(lambda u: 1 - u),
}

_UFUNCS: dict[str, Callable[..., Any]] = {
    **_COMPARISONS,
    "bitwise_and": _COMPARISONS["logical_and"],
    "bitwise_or": _COMPARISONS["logical_or"],
    "invert": _COMPARISONS["logical_not"],
    "add": _ADD,
    "subtract": _SUBTRACT,
    "multiply": _MULTIPLY,
    "divide": _arithmetic(_divide),
    "true_divide": _arithmetic(_divide),
    "negative": _NEGATIVE,
    "positive": _positive,
    "power": _power,
    "float_power": _power,
    "square": _unary(_square),
    "reciprocal": _unary(lambda u: 1 / u),
    "sqrt": _unary(language.sqrt),
    "exp": _unary(language.exp),
    "exp2": _unary(lambda u: language.exp(u * language.ln(2))),
    "expm1": _unary(lambda u: language.exp(u) - 1),
    "log": _unary(language.ln),
    "log2": _unary(language.log2),
    "log10": _unary(lambda u: language.ln(u) / language.ln(10)),
    "log1p": _unary(lambda u: language.ln(1 + u)),
    "logaddexp": lambda session, u, v: _elementwise(session, _softplus_of_two, u, v),
    "sin": _unary(language.sin),
    "cos": _unary(language.cos),
    "tan": _unary(language.tan),
    "sinh": _unary(language.sinh),
    "cosh": _unary(language.cosh),
    "tanh": _unary(language.tanh),
    "arctan": _unary(language.arctan),
    "absolute": _ABSOLUTE,
    "fabs": _ABSOLUTE,
    "sign": _unary(language.sign),
    "maximum": lambda session, u, v: _elementwise(session, language.maximum, u, v),
    "minimum": lambda session, u, v: _elementwise(session, language.minimum, u, v),
    "heaviside": _heaviside,
    "clip": _clip,
    "matmul": _matmul,
    # SciPy's, where somebody uses them
    "expit": _unary(language.sigmoid),
    "log_expit": _unary(lambda u: language.ln(language.sigmoid(u))),
    "erf": _unary(language.erf),
    "gamma": _unary(language.gamma),
    "gammaln": _unary(language.log_gamma),
    "psi": _unary(language.digamma),
    "ndtr": _unary(language.normal_cdf),
}

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": _sum,
    "mean": _mean,
    "average": _average,
    "var": _variance,
    "std": _deviation,
    "dot": _dot,
    "vdot": lambda session, a, b: _contract(
        session, [_vector(session, a), _vector(session, b)], ["i", "i"], "", "np.vdot"
    ),
    "inner": lambda session, a, b: _contract(
        session, [_vector(session, a), _vector(session, b)], ["i", "i"], "", "np.inner"
    ),
    "outer": _outer,
    "einsum": _einsum,
    "transpose": _transpose,
    "swapaxes": _swap,
    "trace": _trace,
    "diagonal": _diagonal,
    "diag": _diagonal,
    "where": _where,
    "clip": _clip,
    "expand_dims": _expand,
    "squeeze": _squeeze,
    "zeros_like": _filled(0),
    "ones_like": _filled(1),
    "shape": _shape,
    "ndim": _ndim,
    "copy": _positive,
    "linalg.norm": _norm,
    "linalg.inv": _inverse,
    "linalg.det": _determinant,
    "linalg.slogdet": _sign_and_logarithm,
}

#: Arguments that are called otherwise here.
_SPELLINGS = {
    ("clip", "a_min"): "low",
    ("clip", "a_max"): "high",
    ("clip", "min"): "low",
    ("clip", "max"): "high",
    ("norm", "ord"): "order",
}


def _vector(session: Session, of: Any) -> SymbolicArray:
    array = array_of(session, of)
    if len(array.axes) != 1:
        raise Unsupported(f"an inner product of shape {shape_text(array)}: write np.einsum")
    return array


#: Every operation that a symbolic array asks its session for.
OPERATIONS: dict[str, Callable[..., Any]] = {
    **_UFUNCS,
    **{name: each for name, each in _FUNCTIONS.items() if name not in _UFUNCS},
    "index": _index,
    "as_type": _as_type,
    "abstract": _abstract,
    "ufunc": _ufunc,
    "function": _function,
}
