"""The array that stands for all arrays of a shape, and behaves as NumPy's do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from derive.errors import InputError, Unsupported
from derive.language import Expression
from derive.terms import Index, Ref

if TYPE_CHECKING:
    from derive.tracing.session import Session

__all__ = ["Axis", "SymbolicArray", "shape_text", "sizes_of"]

#: An axis: its index, or ``None`` where the axis has length 1.
Axis: TypeAlias = "Index | None"

#: What arrays of numbers can do and these cannot, with what helps instead.
_WITHOUT = {
    "reshape": "axes keep their meaning here; declare the array with the axes that it should have",
    "ravel": "axes keep their meaning here; sum() without an axis sums over all of them",
    "flatten": "axes keep their meaning here; sum() without an axis sums over all of them",
    "max": "the largest value of an axis has no derivation here; where it is subtracted for "
    "stability it changes nothing: leave it out, the exported code is stable without it",
    "min": "the smallest value of an axis has no derivation here",
    "argmax": "a position has no derivative",
    "argmin": "a position has no derivative",
    "sort": "an order has no derivation here",
    "argsort": "a position has no derivative",
    "cumsum": "partial sums have no index notation here",
    "cumprod": "partial products have no index notation here",
    "prod": "products over an axis have no derivation here; write np.exp(np.log(u).sum())",
    "take": "declare what is taken as an argument of its own",
    "item": "it has no value",
    "tolist": "it has no values",
}


@dataclass(eq=False)
class SymbolicArray:
    """An array without values: its axes, and its components as an expression in their indices.

    Attributes:
        session: the call of :func:`~derive.tracing.trace` that it belongs to.
        axes: an index for each axis, ``None`` for one of length 1.
        expression: the component at these indices; once the array has a name, that.
        boolean: whether it came of a comparison.
        number: how many arrays were made before it.
        line: the line of the traced function in which it was made.
    """

    session: Session
    axes: tuple[Axis, ...]
    expression: Expression
    boolean: bool = False
    number: int = 0
    line: int = 0

    #: NumPy's scalars and arrays leave operators to this class.
    __array_priority__ = 1000

    # Shape ----------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[Any, ...]:
        """The length of each axis: a symbolic number, or an int."""
        return tuple(1 if axis is None else self.session.length(axis.size) for axis in self.axes)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.axes)

    @property
    def size(self) -> Any:
        """The number of components."""
        product: Any = 1
        for length in self.shape:
            product = length * product
        return product

    @property
    def T(self) -> Any:  # noqa: N802 - NumPy's name
        """The array with its axes in reverse."""
        return self.session.run("transpose", self)

    @property
    def is_name(self) -> bool:
        """Whether it is a quantity that has a name, if with other axes."""
        return isinstance(self.expression.term, Ref)

    # Operators ------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Any:
        return self.session.run("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self.session.run("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return self.session.run("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.session.run("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return self.session.run("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.session.run("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.session.run("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.session.run("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return self.session.run("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.session.run("power", other, self)

    def __matmul__(self, other: Any) -> Any:
        return self.session.run("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self.session.run("matmul", other, self)

    def __neg__(self) -> Any:
        return self.session.run("negative", self)

    def __pos__(self) -> Any:
        return self.session.run("positive", self)

    def __abs__(self) -> Any:
        return self.session.run("absolute", self)

    def __gt__(self, other: Any) -> Any:
        return self.session.run("greater", self, other)

    def __lt__(self, other: Any) -> Any:
        return self.session.run("less", self, other)

    def __ge__(self, other: Any) -> Any:
        return self.session.run("greater_equal", self, other)

    def __le__(self, other: Any) -> Any:
        return self.session.run("less_equal", self, other)

    def __and__(self, other: Any) -> Any:
        return self.session.run("logical_and", self, other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        return self.session.run("logical_or", self, other)

    __ror__ = __or__

    def __invert__(self) -> Any:
        return self.session.run("logical_not", self)

    def __getitem__(self, key: Any) -> Any:
        return self.session.run("index", self, key)

    # Methods --------------------------------------------------------------------------------------

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None, **given: Any) -> Any:
        """The sum along an axis, several, or all."""
        return self.session.run("sum", self, axis=axis, dtype=dtype, out=out, **given)

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None, **given: Any) -> Any:
        """The mean along an axis, several, or all."""
        return self.session.run("mean", self, axis=axis, dtype=dtype, out=out, **given)

    def var(self, axis: Any = None, dtype: Any = None, out: Any = None, **given: Any) -> Any:
        """The variance along an axis, several, or all."""
        return self.session.run("var", self, axis=axis, dtype=dtype, out=out, **given)

    def std(self, axis: Any = None, dtype: Any = None, out: Any = None, **given: Any) -> Any:
        """The standard deviation along an axis, several, or all."""
        return self.session.run("std", self, axis=axis, dtype=dtype, out=out, **given)

    def dot(self, other: Any) -> Any:
        """The product as :func:`numpy.dot` takes it."""
        return self.session.run("dot", self, other)

    def transpose(self, *axes: Any) -> Any:
        """The array with its axes in another order."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return self.session.run("transpose", self, order)

    def trace(self) -> Any:
        """The sum of the diagonal."""
        return self.session.run("trace", self)

    def diagonal(self) -> Any:
        """The diagonal of a square matrix."""
        return self.session.run("diagonal", self)

    def squeeze(self, axis: Any = None) -> Any:
        """The array without its axes of length 1."""
        return self.session.run("squeeze", self, axis)

    def clip(self, low: Any = None, high: Any = None) -> Any:
        """The values between two bounds."""
        return self.session.run("clip", self, low, high)

    def copy(self) -> Any:
        """The array itself: it cannot change."""
        return self.session.run("positive", self)

    def astype(self, dtype: Any) -> Any:
        """The array as numbers."""
        return self.session.run("as_type", self, dtype)

    # NumPy's protocols ----------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **given: Any) -> Any:
        return self.session.run("ufunc", ufunc, method, inputs, given)

    def __array_function__(self, func: Any, types: Any, arguments: Any, given: Any) -> Any:
        return self.session.run("function", func, arguments, given)

    # What it refuses ------------------------------------------------------------------------------

    def _refuse(self, said: str, kind: type[Exception] = InputError) -> NoReturn:
        raise kind(f"{self.session.where()}: {said}")

    def __bool__(self) -> NoReturn:  # noqa: PLE0304 - it never returns
        self._refuse(
            f"{self} has no value to decide by: the derivation holds for all values, so write "
            "np.where(condition, a, b) instead of if, and and, or or"
        )

    def __eq__(self, other: object) -> bool:
        if self is not other or not self.session.is_length(self):
            self._refuse(f"{self} has no value that could be compared for equality")
        return True  # x.shape == y.shape

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = object.__hash__

    def __float__(self) -> NoReturn:
        self._refuse(f"{self} has no value; use NumPy's functions (np.exp, not math.exp)")

    def __int__(self) -> NoReturn:
        self._refuse(f"{self} has no value that could be a whole number")

    def __index__(self) -> NoReturn:  # noqa: PLE0305 - it never returns
        self._refuse(
            f"{self} is a symbol and cannot be counted to: write sums over axes instead of loops, "
            "or declare the axis with a number, as in 'm,3'"
        )

    def __len__(self) -> int:
        length = sizes_of(self)[0] if self.axes else ""
        if not isinstance(length, int):
            self._refuse(f"the length of {self} is a symbol: write .shape[0]")
        return length

    def __iter__(self) -> Iterator[Any]:
        self._refuse(
            f"{self} cannot be taken apart: the derivation holds for every size, so write sums "
            "over axes instead of loops"
        )

    def __setitem__(self, key: Any, value: Any) -> None:
        self._refuse(f"{self} cannot be changed in place: make a new array, as with np.where")

    def _in_place(self, name: str, sign: str, other: Any) -> Any:
        if self.axes:  # NumPy would change what other names stand for, too
            self._refuse(
                f"{sign}= changes an array in place, and with it every other name it has; write "
                f"u = u {sign} v"
            )
        return self.session.run(name, self, other)

    def __iadd__(self, other: Any) -> Any:
        return self._in_place("add", "+", other)

    def __isub__(self, other: Any) -> Any:
        return self._in_place("subtract", "-", other)

    def __imul__(self, other: Any) -> Any:
        return self._in_place("multiply", "*", other)

    def __itruediv__(self, other: Any) -> Any:
        return self._in_place("divide", "/", other)

    def __ipow__(self, other: Any) -> Any:
        return self._in_place("power", "**", other)

    def __imatmul__(self, other: Any) -> Any:
        return self._in_place("matmul", "@", other)

    def __floordiv__(self, other: Any) -> NoReturn:
        self._refuse("// and % round, and have no derivative", Unsupported)

    __rfloordiv__ = __mod__ = __rmod__ = __floordiv__

    def __array__(self, *_: Any, **__: Any) -> Any:
        self._refuse(f"{self} has no values that an array of numbers could hold")

    def __getattr__(self, name: str) -> Any:
        if name in _WITHOUT:
            self._refuse(f"{self}.{name}: {_WITHOUT[name]}", Unsupported)
        if not name.startswith("_"):
            import numpy as np

            if hasattr(np.ndarray, name):
                self._refuse(f"{self}.{name} has no derivation here", Unsupported)
        raise AttributeError(f"a symbolic array has no {name!r}")

    def __repr__(self) -> str:
        return f"<{self} of shape {shape_text(self)}>"

    def __str__(self) -> str:
        return str(self.expression.term)


def sizes_of(array: SymbolicArray) -> tuple[str | int, ...]:
    """The length of each axis as it was declared: ``("m", 3, 1)``."""
    return tuple(1 if axis is None else axis.size for axis in array.axes)


def shape_text(array: SymbolicArray) -> str:
    """The shape as NumPy prints it: ``(m, n)``."""
    sizes = [str(size) for size in sizes_of(array)]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
