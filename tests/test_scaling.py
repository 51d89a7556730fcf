"""Why one divides by m: what is measured, and that it is true of gradient descent."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import derive.scaling as scaling_module
from derive.catalogue import NAMES
from derive.errors import InputError, Unsupported
from derive.gradients import Derivation, gradient
from derive.language import data, define, exp, hyperparameter, indices, ln, mean, parameter, problem
from derive.language import sum as total
from derive.scaling import COUNTS, Scaling, ScalingRow, largest_curvature, measure, plot


def derived(name: str, **options: Any) -> Derivation:
    return gradient(name, check="none", **options)


def measured(name: str, **options: Any) -> Scaling:
    found = measure(derived(name, **options))
    assert found is not None
    return found


# What is measured --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_sum_grows_and_the_mean_settles(name: str) -> None:
    first, second, third, last = measured(name).rows
    assert (first.count, second.count, third.count, last.count) == COUNTS
    assert last.gradient_norm_sum > 30 * second.gradient_norm_sum
    assert third.gradient_norm_mean / 1.5 < last.gradient_norm_mean < third.gradient_norm_mean * 1.5
    assert second.largest_step_sum
    assert last.largest_step_sum
    assert third.largest_step_mean
    assert last.largest_step_mean
    assert last.largest_step_sum < second.largest_step_sum / 30
    assert third.largest_step_mean / 1.5 < last.largest_step_mean < third.largest_step_mean * 1.5


@pytest.mark.parametrize("name", NAMES)
def test_no_number_lies_on_an_edge_of_the_rounding(name: str, monkeypatch: Any) -> None:
    """Else the last bits of another processor could be seen in the two digits."""
    exact: list[float] = []

    def unrounded(value: float) -> float:
        exact.append(value)
        return value

    monkeypatch.setattr(scaling_module, "_two_digits", unrounded)
    measured(name)
    assert len(exact) == 4 * len(COUNTS)
    for value in exact:
        digits = value / 10 ** math.floor(math.log10(value)) * 10  # 10 … 100
        assert abs(digits % 1 - 0.5) > 1e-5


def test_every_number_has_two_digits() -> None:
    for row in measured("softmax_regression").rows:
        for value in (row.gradient_norm_sum, row.gradient_norm_mean, row.largest_step_sum):
            assert value == float(f"{value:.1e}")


def test_the_same_twice() -> None:
    assert measured("logistic_regression") == measured("logistic_regression")


def test_another_seed_is_other_data() -> None:
    derivation = derived("logistic_regression")
    first, second = measure(derivation), measure(derivation, seed=1)
    assert first
    assert second
    assert first.rows != second.rows
    assert (first.seed, second.seed) == (0, 1)
    assert "seed 1" in second.method


def test_linear_regression_against_its_normal_matrix() -> None:
    """The Hessian of linear regression is XᵀX/m, with a column of ones for the bias."""
    derivation = derived("linear_regression")
    namespace: dict[str, Any] = {}
    exec(derivation.python(), namespace)
    arrays = namespace["example"](0, m=10000)
    for row in measured("linear_regression").rows:
        design = np.column_stack([arrays["x"][: row.count], np.ones(row.count)])
        start = 0.3 * np.append(arrays["w"], arrays["b"])
        slope = design.T @ (design @ start - arrays["y"][: row.count])
        steepest = np.linalg.eigvalsh(design.T @ design)[-1]
        assert row.gradient_norm_sum == pytest.approx(np.linalg.norm(slope), rel=0.05)
        assert row.gradient_norm_mean == pytest.approx(np.linalg.norm(slope) / row.count, rel=0.05)
        assert row.largest_step_sum == pytest.approx(2 / steepest, rel=0.05)
        assert row.largest_step_mean == pytest.approx(2 * row.count / steepest, rel=0.05)


@pytest.mark.parametrize("count", COUNTS[:3])
@pytest.mark.parametrize(("part", "settles"), [(0.99, True), (1.01, False)])
def test_gradient_descent_settles_below_the_largest_step_and_diverges_above(
    count: int, part: float, settles: bool
) -> None:
    """Run for real, on the curvature as it was measured, before it was rounded."""
    derivation = derived("linear_regression")
    namespace: dict[str, Any] = {}
    exec(derivation.python(), namespace)
    arrays = namespace["example"](0, m=count)
    field, point = scaling_module._as_field(namespace["gradient"], arrays, ("w", "b"))
    curvature = largest_curvature(field, point)
    assert curvature is not None
    before = np.linalg.norm(field(point))
    for _ in range(1500):
        point = point - part * 2 / curvature * field(point)
    after = np.linalg.norm(field(point))
    assert (after < before / 2) if settles else (after > 1e6 * before)


# What isn't measured -----------------------------------------------------------------------------

i, j = indices("i:m", "j:n")
x = data("x[i,j]")
y = data("y[i]")
w = parameter("w[j]")
penalty = hyperparameter("penalty")


def squared(name: str = "L") -> Any:
    return define(f"{name}[i]", (total(w[j] * x[i, j], over=j) - y[i]) ** 2)


def test_a_cost_that_is_no_mean() -> None:
    cost = define("J", total(squared()[i], over=i))
    assert measure(gradient(cost, wrt="w", check="none")) is None


def test_a_derivation_by_data_alone() -> None:
    assert measure(derived("linear_regression", wrt="x")) is None


def test_a_penalty_that_is_not_divided_by_m_is_said_to_be_multiplied() -> None:
    cost = define("J", mean(squared()[i], over=i) + penalty * total(w[j] ** 2, over=j))
    found = measure(gradient(cost, check="none"))
    assert found
    assert "not divided by m are multiplied by it as well" in found.method


def test_a_penalty_that_is_divided_by_m_is_said_to_lose_it() -> None:
    assert "lose their 1/m as well" in measured("ridge_regression").method
    assert "as well" not in measured("linear_regression").method


def test_the_abstract_functions_are_named() -> None:
    assert "g and L are the smooth functions" in measured("mean_loss").method


def test_a_cost_without_curvature_upwards_has_no_largest_step() -> None:
    cost = define("J", mean(-(squared()[i]), over=i))
    found = measure(gradient(cost, check="none"))
    assert found
    for row in found.rows:
        assert row.largest_step_sum is None
        assert row.largest_step_mean is None
        assert row.gradient_norm_mean > 0


def test_data_over_pairs_of_examples_stop_at_fewer_examples() -> None:
    i, l = indices("i:m", "l:m")
    kernel = data("k[i,l]")
    y = data("y[i]")
    slope = parameter("w")
    losses = define("L[i]", total((slope * kernel[i, l] - y[i]) ** 2, over=l))
    made = problem(define("J", mean(losses[i], over=i)), name="pairs", title="Pairs")
    found = measure(gradient(made, check="none"))
    assert found
    assert found.counts == (10, 100, 1000)
    assert "first m of 1,000" in found.method


def test_a_gradient_that_is_not_finite_is_refused() -> None:
    big = define("z[i]", exp(exp(1000 * (total(w[j] * x[i, j], over=j)) ** 2)))
    with (
        np.errstate(all="ignore"),
        pytest.raises(Unsupported, match="gradient of 10 generated examples is not finite"),
    ):
        measure(gradient(define("J", mean(ln(1 + big[i]) ** 2, over=i)), check="none"))


# The largest curvature ---------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-100, 100).filter(lambda v: abs(v) > 0.01), min_size=1, max_size=60),
    st.integers(0, 1000),
)
def test_the_curvature_is_the_largest_eigenvalue(values: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(len(values), len(values))))
    hessian = turn @ np.diag(values) @ turn.T
    found = largest_curvature(lambda point: hessian @ point, rng.normal(size=len(values)))
    if max(values) < 0:
        assert found is None
    else:
        assert found == pytest.approx(max(values), rel=1e-3)


def test_a_flat_direction_is_no_curvature() -> None:
    assert largest_curvature(lambda point: np.ones(3), np.ones(3)) is None
    assert largest_curvature(lambda point: np.zeros(3), np.ones(3)) is None


# The plot ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "start"), [(".svg", b"<?xml"), (".pdf", b"%PDF"), (".png", b"\x89PNG")]
)
def test_the_plot_is_the_same_twice(form: str, start: bytes, tmp_path: Any) -> None:
    pytest.importorskip("matplotlib")
    found = measured("logistic_regression")
    plot(found, tmp_path / f"one{form}")
    plot(found, tmp_path / f"two{form}")
    one = (tmp_path / f"one{form}").read_bytes()
    assert one.startswith(start)
    assert one == (tmp_path / f"two{form}").read_bytes()


def test_the_plot_leaves_the_settings_of_matplotlib_alone(tmp_path: Any) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    with matplotlib.rc_context({"font.size": 31.0}):
        plot(measured("linear_regression"), tmp_path / "plot.svg")
        assert matplotlib.rcParams["font.size"] == 31.0
    plot(measured("linear_regression"), tmp_path / "other.svg")
    assert (tmp_path / "plot.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


def test_the_plot_without_curvature_says_so(tmp_path: Any) -> None:
    pytest.importorskip("matplotlib")
    rows = tuple(ScalingRow(count, 1.0 * count, 1.0, None, None) for count in COUNTS)
    plot(Scaling("m", rows, "", 0), tmp_path / "plot.svg")
    assert "none: no curvature upwards" in (tmp_path / "plot.svg").read_text("utf-8")


def test_errors_of_the_plot(tmp_path: Any, monkeypatch: Any) -> None:
    empty = Scaling("m", (), "", 0)
    with pytest.raises(InputError, match=r"plot.gif: a plot is written as .svg, .pdf or .png"):
        plot(empty, "plot.gif")
    with pytest.raises(InputError, match="can't be written: No such file"):
        plot(measured("linear_regression"), tmp_path / "missing" / "plot.svg")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"pip install .derive-gradients.plot.."):
        plot(empty, "plot.svg")
