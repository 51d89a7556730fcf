"""One call of ``trace``: the letters of its indices, its stages, and where in the code it is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from types import CodeType, FrameType
from typing import Any

from derive import language
from derive.errors import InputError, Unsupported
from derive.language import Expression, Named
from derive.language.borrowed import index_letters, quantity_name, recognised
from derive.terms import Index, references, substitute
from derive.tracing.arrays import Axis, SymbolicArray

__all__ = ["Session", "exact"]

#: Frames of these packages are not the user's.
_NOT_THE_USERS = ("derive", "numpy", "scipy")


class Session:
    """What the arrays of one traced call share.

    Args:
        code: the code of the function that is traced.
        sizes: the sizes of the declared shapes, in order.
        taken: names that no index may have.
        inputs: the names of the arguments, which no stage may have.
        operations: the operations on arrays, by name.
        meanings: what stages mean, by name.
        constants: stages that are held constant.
    """

    def __init__(
        self,
        code: CodeType,
        sizes: Iterable[str | int],
        taken: Iterable[str],
        inputs: Iterable[str],
        operations: Mapping[str, Callable[..., Any]],
        meanings: Mapping[str, str],
        constants: Iterable[str] = (),
    ) -> None:
        self.code = code
        self.operations = operations
        self.stages: dict[str, Named] = {}
        self._meanings = dict(meanings)
        self._inputs = frozenset(inputs)
        self.constants = frozenset(constants)
        self._taken = set(taken)
        self._letters = index_letters(sizes, self._taken)
        self._lengths: dict[str, SymbolicArray] = {}
        self._frame: FrameType | None = None
        self._ignored = _inlined_variables(code) | set(code.co_freevars)
        self._arrays = 0
        #: The frame that calls the traced function; what is around it is none of ours.
        self.runner: FrameType | None = None

    # Letters --------------------------------------------------------------------------------------

    def axes(self, sizes: Iterable[str | int]) -> tuple[Axis, ...]:
        """An index for each length; none for a length of 1. The same sizes, the same letters."""
        found: list[Axis] = []
        for size in sizes:
            found.append(None if size == 1 else self.letter(size, found))
        return tuple(found)

    def letter(self, size: str | int, taken: Iterable[Axis]) -> Index:
        """The first letter for a size that isn't among these."""
        names = {index.name for index in taken if index is not None}
        letters = self._letters[size]
        for name in letters:
            if name not in names:
                return Index(name, size)
        number = 2
        while (name := f"{letters[0]}{number}") in names or name in self._taken:
            number += 1
        letters.append(name)
        return Index(name, size)

    @property
    def spare(self) -> tuple[Index, ...]:
        """Every letter there is."""
        return tuple(Index(n, size) for size, names in self._letters.items() for n in names)

    def length(self, size: str | int) -> Any:
        """A size as a number to calculate with; the same object for the same size."""
        if isinstance(size, int):
            return size
        if size not in self._lengths:
            self._lengths[size] = self.make((), language.size(size))
        return self._lengths[size]

    def is_length(self, array: SymbolicArray) -> bool:
        """Whether the array is a size, as in ``x.shape[0]``."""
        return any(array is length for length in self._lengths.values())

    # Arrays ---------------------------------------------------------------------------------------

    def make(
        self, axes: tuple[Axis, ...], expression: Expression, *, boolean: bool = False
    ) -> SymbolicArray:
        """A new array."""
        self._arrays += 1
        return SymbolicArray(
            self, axes, recognised(expression), boolean, self._arrays, self._line()
        )

    def declared(self, named: Named, axes: tuple[Axis, ...]) -> SymbolicArray:
        """The array of a quantity that is given."""
        indices = tuple(axis for axis in axes if axis is not None)
        return self.make(axes, named[indices] if indices else named)

    def at(self, array: SymbolicArray, axes: tuple[Axis, ...]) -> Expression:
        """The component of an array at other indices."""
        values: dict[Index, Any] = {
            own: new
            for own, new in zip(array.axes, axes, strict=True)
            if own is not None and new is not None and own != new
        }
        if not values:
            return array.expression
        given = array.expression
        term = substitute(given.term, values, self.spare)
        return Expression(term, given.named, given.functions)

    # Running --------------------------------------------------------------------------------------

    def run(self, name: str, *arguments: Any, **given: Any) -> Any:
        """An operation; errors get the place in the user's code."""
        self.notice()
        try:
            return self.operations[name](self, *arguments, **given)
        except (InputError, Unsupported) as error:
            where = self.where()
            if str(error).startswith(where):  # an array's own refusal, of == for example
                raise
            raise type(error)(f"{where}: {error}") from None

    def where(self) -> str:
        """The file and the line of the user's code that is being run."""
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - CPython's way to ask
        while frame is not None:
            package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
            if frame.f_code is self.code or package not in _NOT_THE_USERS:
                return f"{frame.f_code.co_filename}:{frame.f_lineno}"
            frame = frame.f_back
        return self.code.co_filename

    def _root(self) -> FrameType | None:
        """The frame of the traced function, the outermost if it calls itself."""
        found = None
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - CPython's way to ask
        while frame is not None and frame is not self.runner:
            if frame.f_code is self.code:
                found = frame
            frame = frame.f_back
        return found

    def _line(self) -> int:
        return self._frame.f_lineno if self._frame is not None else 0

    # Stages ---------------------------------------------------------------------------------------

    def notice(self) -> None:
        """Give the arrays that local variables hold the names of these variables."""
        frame = self._frame = self._root() or self._frame
        if frame is None:
            return
        order = {name: n for n, name in enumerate((*self.code.co_varnames, *self.code.co_cellvars))}
        found = [
            (value.number, order[name], name, value)
            for name, value in frame.f_locals.items()
            if isinstance(value, SymbolicArray)
            and value.session is self
            and name in order
            and name not in self._ignored
            and _is_stage(value)
        ]
        for _, _, name, array in sorted(found, key=lambda each: each[:2]):
            if _is_stage(array):  # the second name of an array changes nothing
                self._name(name, array)

    def is_free(self, name: str) -> bool:
        """Whether neither a stage nor an argument has this name."""
        return name not in self.stages and name not in self._inputs

    def forget_frame(self) -> None:
        """Let go of the traced function's variables."""
        self._frame = self.runner = None

    def _name(self, variable: str, array: SymbolicArray) -> None:
        try:
            wanted = quantity_name(variable)
        except InputError:
            raise InputError(
                f"{self.code.co_filename}:{array.line}: the variable {variable} cannot name a "
                "stage; use letters, digits and underscores"
            ) from None
        name, number = wanted, 1
        while not self.is_free(name):
            number += 1
            name = f"{wanted}_{number}"
        meaning = self._meanings.get(name, "")
        if name != variable and not meaning:
            meaning = f"{variable} as assigned in line {array.line}"
        self.stage(name, array, meaning)

    def stage(self, name: str, array: SymbolicArray, meaning: str = "") -> Named:
        """A name for an array."""
        axes = self.axes(1 if axis is None else axis.size for axis in array.axes)
        indices = tuple(axis for axis in axes if axis is not None)
        letters = ",".join(index.name for index in indices)
        define = language.constant if name in self.constants else language.define
        made = define(
            f"{name}[{letters}]" if letters else name, self.at(array, axes), meaning=meaning
        )
        array.axes, array.expression = axes, made[indices] if indices else made
        self.stages[name] = made
        return made


def _is_stage(array: SymbolicArray) -> bool:
    """Whether the array is computed from something: no name yet, no number, no size."""
    return not array.is_name and any(True for _ in references(array.expression.term))


def _inlined_variables(code: CodeType) -> set[str]:
    """The variables of comprehensions, which CPython 3.12 and later keep among the function's."""
    import dis

    return {
        str(instruction.argval)
        for instruction in dis.get_instructions(code)
        if instruction.opname == "LOAD_FAST_AND_CLEAR"
    }


def exact(value: float) -> Fraction:
    """The decimal that Python prints for a float: 1/10 for 0.1.

    Raises:
        InputError: it has so many digits that it must be the rounded result of a calculation.

    >>> exact(0.1)
    Fraction(1, 10)
    """
    from math import isfinite

    if not isfinite(value):
        raise InputError(f"{value!r} is not a number that can stand in a formula")
    written = Fraction(repr(float(value)))
    digits = repr(float(value)).partition("e")[0].replace(".", "").replace("-", "").strip("0")
    if len(digits) > _MOST_DIGITS:
        raise InputError(
            f"{value!r} is the rounded result of a calculation; write it so that the numbers stay "
            "exact (x / 3, not 1/3 * x), or make it an argument of the function"
        )
    return written


#: A decimal of more significant digits was hardly typed.
_MOST_DIGITS = 12
