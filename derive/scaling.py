"""Why one divides by m at all: the sum and the mean side by side, measured as m grows.

The gradient of a sum grows with the number of examples, and with it the curvature; so a step of
gradient descent that suits 10 examples diverges on 10,000. Divided by ``m``, both settle: to the
gradient and the curvature of the expected loss.
Nothing here is derived: the numbers come from running the exported NumPy module.

*The largest stable step.* Near a point with the Hessian ``H`` a step of gradient descent of the
length ``η`` multiplies what is left along an eigenvector by ``1 − ηλ``, so it shrinks along the
steepest curvature only if ``η < 2/λ_max`` (LeCun, Bottou, Orr and Müller, *Efficient BackProp*,
1998, section 5). Products of the Hessian with a vector are differences of gradients (Nocedal and
Wright, *Numerical Optimization*, 2006, section 8.1), and the largest eigenvalue is found from them
by Lanczos' method, which is power iteration that forgets no vector (Golub and Van Loan, *Matrix
Computations*, 2013, section 10.1): with as many steps as there are parameters it is exact, where
power iteration by itself would take hundreds of steps on well-conditioned data, and would stop at
the wrong end of the spectrum of a cost that is not convex.

*Every number has two significant digits.* Rounding errors differ between processors and linear
algebra libraries; they are many orders of magnitude below that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from derive.errors import InputError, Unsupported
from derive.model import Problem
from derive.numpy_code import compile_module
from derive.numpy_code.arrays import inputs_of
from derive.numpy_code.example import default_sizes
from derive.provenance import mean_factor
from derive.sampling import values_in
from derive.terms import Add, Number, Power, Ref, Size, Sum, Term, factors_of, terms_of, walk

if TYPE_CHECKING:
    from os import PathLike

    import numpy as np
    from matplotlib.axes import Axes

    from derive.gradients import Derivation

__all__ = ["COUNTS", "Scaling", "ScalingRow", "largest_curvature", "measure", "plot"]

#: The numbers of examples that are compared.
COUNTS = (10, 100, 1000, 10000)
#: The largest array that is made, in numbers; data over pairs of examples stop at fewer examples.
LARGEST_ARRAY = 1_000_000
#: The most numbers, those that are summed counted too, that one definition is made of.
LARGEST_WORK = 50_000_000
#: What the random parameters of the example are multiplied by: gradient descent starts near zero,
#: and far from it a saturated activation hides gradient and curvature.
START = 0.3
#: The step of the differences of gradients, a power of two: the truncation error is of the order
#: of its square, 10⁻⁸, and the rounding error is 10⁻¹².
STEP = 2.0**-13
#: The most steps of Lanczos' method; more are of no use for the two digits that are kept.
LANCZOS_STEPS = 40
#: Lanczos' method ends when one more step changes the eigenvalue by less than this part of it.
CONVERGED = 1e-7
#: Less curvature than this part of the largest entries can't be told from none by differences.
FLATNESS = 1e-7

Vector: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"
#: A gradient as a function of all parameters, both as one long vector.
VectorField: TypeAlias = "Callable[[Vector], Vector]"


@dataclass(frozen=True, slots=True)
class ScalingRow:
    """The measurement at one number of examples.

    Attributes:
        count: the number of examples, ``m``.
        gradient_norm_sum, gradient_norm_mean: the Euclidean length of the gradient.
        largest_step_sum, largest_step_mean: the largest stable step of gradient descent; ``None``
            where the cost curves upwards in no direction, so that no step is too large.
    """

    count: int
    gradient_norm_sum: float
    gradient_norm_mean: float
    largest_step_sum: float | None
    largest_step_mean: float | None


@dataclass(frozen=True, slots=True)
class Scaling:
    """The sum and the mean side by side as the number of examples grows.

    Attributes:
        size: the symbol of the number of examples, ``"m"``.
        rows: one for each number of examples, to two significant digits.
        method: how the numbers were measured, one or more sentences in plain words.
        seed: what the generated data were made from.
    """

    size: str
    rows: tuple[ScalingRow, ...]
    method: str
    seed: int

    @property
    def counts(self) -> tuple[int, ...]:
        """The numbers of examples."""
        return tuple(row.count for row in self.rows)


def measure(derivation: Derivation, seed: int = 0) -> Scaling | None:
    """Measure gradient and largest stable step for the sum and for the mean.

    The data are the first ``m`` of 10,000 examples that the exported module generates, and the
    parameters and hyperparameters are the same at every ``m``.

    Args:
        derivation: whose exported code is run.
        seed: for the generated data and the parameters.

    Returns:
        ``None`` where the cost is not a mean over examples, or where the derivation is by no
        parameter, so that there is nothing to descend by.

    Raises:
        Unsupported: the gradient isn't finite at the generated data.

    >>> from derive.gradients import gradient
    >>> for row in measure(gradient("linear_regression", check="none")).rows:
    ...     print(row.count, row.gradient_norm_sum, row.gradient_norm_mean)
    10 14.0 1.4
    100 99.0 0.99
    1000 630.0 0.63
    10000 6700.0 0.67
    """
    problem = derivation.problem
    names = tuple(name for name in derivation.wrt if problem.quantity(name).role == "parameter")
    if problem.is_second_order:
        return None  # nobody descends along the gradient of a gradient
    if mean_factor(problem) is None or not names or not _example_axes(problem):
        return None
    if any(_example_size(problem) in problem.quantity(name).shape for name in names):
        return None  # each example brings parameters of its own: there is no one step for all
    if any(
        each.size == _example_size(problem)
        for *_, shift in problem.shifts
        for each, _ in shift.parts
    ):
        return None  # windows of one array, of which the first few are none of their own
    counts = _counts(problem)
    size = _example_size(problem)
    largest = problem.fitted({**default_sizes(problem), size: counts[-1]})
    if any(values_in(each, largest) > LARGEST_WORK for each in problem.definitions):
        return None  # as those of a convolution of images: their windows fill the memory
    module = compile_module(derivation.python())
    arrays = _near_zero(module["example"](seed, **{size: counts[-1]}), problem)
    rows = []
    for count in counts:
        some = _first_examples(arrays, problem, count)
        if "constants" in module:  # the field of a gradient only while they are held
            some = {**some, **module["constants"](**some)}
        field, start = _as_field(module["gradient"], some, names)
        if not math.isfinite(_length(field(start))):
            raise Unsupported(
                f"{problem.name}: the gradient of {count} generated examples is not finite, so its "
                f"growth with {size} can't be measured"
            )
        rows.append(_row(count, field, start))
    return Scaling(size, tuple(rows), _method(problem, names, counts[-1], seed), seed)


def _row(count: int, field: VectorField, start: Vector) -> ScalingRow:
    """The measurement; the sum's gradient and Hessian are ``count`` times the mean's."""
    length = _length(field(start))
    curvature = largest_curvature(field, start)
    return ScalingRow(
        count=count,
        gradient_norm_sum=_two_digits(count * length),
        gradient_norm_mean=_two_digits(length),
        largest_step_sum=None if curvature is None else _two_digits(2 / (count * curvature)),
        largest_step_mean=None if curvature is None else _two_digits(2 / curvature),
    )


def largest_curvature(field: VectorField, start: Vector) -> float | None:
    """The largest eigenvalue of the Hessian, from differences of gradients.

    Args:
        field: the gradient at a point, a vector of the same length.
        start: the point.

    Returns:
        ``None`` where the cost curves upwards in no direction.

    >>> import numpy as np
    >>> round(largest_curvature(lambda w: np.array([1.0, 4.0, -9.0]) * w, np.ones(3)), 6)
    4.0
    >>> largest_curvature(lambda w: -w, np.ones(3))
    """
    import numpy as np

    def curve(direction: Vector) -> Vector:
        return (field(start + STEP * direction) - field(start - STEP * direction)) / (2 * STEP)

    direction = np.random.default_rng(0).normal(size=start.size)  # orthogonal to nothing special
    basis: list[Vector] = []
    diagonal: list[float] = []
    beside: list[float] = []
    top = -math.inf
    for _ in range(min(start.size, LANCZOS_STEPS)):
        basis.append(direction / _length(direction))
        image = curve(basis[-1])
        diagonal.append(_dot(basis[-1], image))
        known = np.array(basis)
        # Twice, because once leaves a remainder of the size of the rounding errors of the first.
        for _ in range(2):
            image = image - known.T @ (known @ image)
        former, direction = top, image
        matrix = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        eigenvalues = np.linalg.eigvalsh(matrix)
        top, scale = float(eigenvalues[-1]), float(np.abs(eigenvalues).max())
        beside.append(_length(direction))
        if beside[-1] <= 1e-8 * scale or abs(top - former) <= CONVERGED * abs(top):
            break
    return top if top > FLATNESS * (scale + _length(field(start))) else None


def _as_field(
    gradient: Callable[..., Mapping[str, Any]], arrays: Mapping[str, Any], names: tuple[str, ...]
) -> tuple[VectorField, Vector]:
    """The gradient by the named parameters as a function from a vector to a vector, and their
    values as a vector."""
    import numpy as np

    values = [np.asarray(arrays[name], dtype=float) for name in names]
    ends = np.cumsum([value.size for value in values])

    def field(point: Vector) -> Vector:
        parts = np.split(point, ends[:-1])
        given = {
            name: part.reshape(value.shape)[()]
            for name, part, value in zip(names, parts, values, strict=True)
        }
        found = gradient(**{**arrays, **given})
        return np.concatenate([np.ravel(found[name]) for name in names])

    return field, np.concatenate([value.ravel() for value in values])


# Which examples ----------------------------------------------------------------------------------


def _example_size(problem: Problem) -> str:
    """The symbol of the number of examples; :func:`mean_factor` has made sure that there is one."""
    assert problem.example_index is not None
    size = problem.example_index.size
    assert isinstance(size, str)
    return size


def _example_axes(problem: Problem) -> int:
    """How often the number of examples is multiplied into the largest array."""
    size = _example_size(problem)
    return max(
        (sum(axis.size == size for axis in q.indices) for q in inputs_of(problem)),
        default=0,
    )


def _counts(problem: Problem) -> tuple[int, ...]:
    axes = _example_axes(problem)
    return tuple(count for count in COUNTS if count**axes <= LARGEST_ARRAY)


def _near_zero(arrays: Mapping[str, Any], problem: Problem) -> dict[str, Any]:
    """The arrays with smaller parameters; those that may not be any number are left as they are."""
    free = [q.name for q in problem.parameters if q.domain in ("real", "positive")]
    return {name: START * value if name in free else value for name, value in arrays.items()}


def _first_examples(arrays: Mapping[str, Any], problem: Problem, count: int) -> dict[str, Any]:
    """The first ``count`` examples; what belongs to no example is left as it is."""
    size = _example_size(problem)
    some = dict(arrays)
    for quantity in inputs_of(problem):
        axes = quantity.indices
        if axes:
            place = tuple(slice(count if axis.size == size else None) for axis in axes)
            some[quantity.name] = arrays[quantity.name][place]
    return some


# In words ----------------------------------------------------------------------------------------


def _method(problem: Problem, names: tuple[str, ...], largest: int, seed: int) -> str:
    """How the numbers were measured, for a reader."""
    size = _example_size(problem)
    where = (
        f"Measured by running the exported NumPy code on the first {size} of {largest:,} examples "
        f"generated from seed {seed}, at the same small random values of the parameters for every "
        f"{size}; to two significant digits."
    )
    sentences = [where]
    if problem.functions:
        letters = " and ".join(function.name for function in problem.functions)
        sentences.append(f"{letters} are the smooth functions that come with the code.")
    sentences.append(
        f"The sum is {size} times the mean{_about_other_terms(problem)}; the gradient is the whole "
        f"vector of the derivatives by {_listed(names)}, and the largest step of gradient descent "
        "is 2 divided by the largest eigenvalue of the Hessian at these values."
    )
    return " ".join(sentences)


def _about_other_terms(problem: Problem) -> str:
    """What multiplying by ``m`` does to the terms of the cost that are no sum over examples."""
    others = list(_other_terms(problem.cost.body, problem, divided=False))
    size = _example_size(problem)
    if not others:
        return ""
    if all(others):
        return f", in which the terms that belong to no example lose their 1/{size} as well"
    return f", in which the terms that are not divided by {size} are multiplied by it as well"


def _other_terms(term: Term, problem: Problem, divided: bool) -> Iterator[bool]:
    """For each term of the cost that is no sum over examples, whether it is divided by ``m``."""
    factors = factors_of(term)
    divided = divided or _reciprocal(_example_size(problem)) in factors
    if not _sums_examples(term, problem):
        yield divided
    for factor in factors:
        if isinstance(factor, Add):
            for part in terms_of(factor):
                yield from _other_terms(part, problem, divided)


def _reciprocal(size: str) -> Term:
    return Power(Size(size), Number(Fraction(-1)))


def _sums_examples(term: Term, problem: Problem) -> bool:
    """Whether there is a sum over the examples in a term, or in a definition it refers to."""
    for part in walk(term):
        if isinstance(part, Sum) and part.index.size == _example_size(problem):
            return True
        definition = problem.definition(part.name) if isinstance(part, Ref) else None
        if definition is not None and _sums_examples(definition.body, problem):
            return True
    return False


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# Numbers -----------------------------------------------------------------------------------------


def _dot(left: Vector, right: Vector) -> float:
    """The scalar product, rounded once, so that it is the same whatever adds it up."""
    return math.fsum((left * right).tolist())


def _length(vector: Vector) -> float:
    return math.sqrt(_dot(vector, vector))


def _two_digits(value: float) -> float:
    return float(f"{value:.1e}")


# The plot ----------------------------------------------------------------------------------------

#: Blue and vermilion, which stay apart for colour-blind readers (Okabe and Ito, *Color universal
#: design*, 2008); the marks and the lines differ as well, for black-and-white prints.
STYLES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "sum": {"color": "#D55E00", "marker": "s", "linestyle": "--"},
        "mean": {"color": "#0072B2", "marker": "o", "linestyle": "-"},
    }
)
#: For each format, what would otherwise name the date or the version of the program.
METADATA: Mapping[str, Mapping[str, str | None]] = MappingProxyType(
    {
        ".svg": {"Creator": "derive", "Date": None},
        ".pdf": {"Creator": "derive", "Producer": "derive", "CreationDate": None},
        ".png": {"Software": "derive"},
    }
)


def plot(scaling: Scaling, path: str | PathLike[str]) -> None:
    """Draw the measurement: gradient and largest step against the number of examples.

    Args:
        scaling: what :func:`measure` returned.
        path: the file to write, ending in ``.svg``, ``.pdf`` or ``.png``. The same measurement
            gives the same bytes with the same version of Matplotlib.

    Raises:
        InputError: Matplotlib is not installed, the format is unknown or the file can't be written.

    >>> plot(Scaling("m", (), "", 0), "scaling.gif")
    Traceback (most recent call last):
    derive.errors.InputError: scaling.gif: a plot is written as .svg, .pdf or .png
    """
    form = Path(path).suffix.lower()
    if form not in METADATA:
        raise InputError(f"{path}: a plot is written as .svg, .pdf or .png")
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        raise InputError(
            "a plot needs Matplotlib, which is not installed: "
            "python -m pip install 'derive-gradients[plot]'"
        ) from error
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever the reader's own settings are
        mpl.rcParams["svg.hashsalt"] = "derive"  # for the names of the SVG's elements
        figure = Figure(figsize=(7.4, 3.0), layout=ConstrainedLayoutEngine(wspace=0.08))
        left, right = figure.subplots(1, 2)
        _draw(left, scaling, "length of the gradient", "gradient_norm")
        _draw(right, scaling, "largest stable step", "largest_step")
        try:
            figure.savefig(path, dpi=200, metadata=dict(METADATA[form]))
        except OSError as error:
            raise InputError(f"{path}: the plot can't be written: {error.strerror}") from error


def _draw(axes: Axes, scaling: Scaling, title: str, quantity: str) -> None:
    """One panel: the sum and the mean as two lines, each with its name at its end."""
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xlabel(f"number of examples ${scaling.size}$")
    axes.set_xscale("log")
    axes.set_yscale("log")
    for name, style in STYLES.items():
        points = [
            (row.count, value)
            for row in scaling.rows
            if (value := getattr(row, f"{quantity}_{name}")) is not None and value > 0
        ]
        if not points:
            continue
        axes.plot(*zip(*points, strict=True), linewidth=1.8, markersize=5, **style)
        axes.annotate(
            name,
            points[-1],
            xytext=(8, 0),
            textcoords="offset points",
            verticalalignment="center",
            color=style["color"],
        )
    if not axes.lines:
        axes.text(
            0.5,
            0.5,
            "none: no curvature upwards",
            transform=axes.transAxes,
            horizontalalignment="center",
        )
    axes.margins(x=0.06, y=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.minorticks_off()
