"""Costs of different structure, written the way an author writes them: each passes every check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import pytest

import derive
from derive.language import Named
from derive.model import Problem

i, j, k = derive.indices("i:m", "j:n", "k:K")
p, q, l = derive.indices("p:m", "q:n", "l:K")
m = derive.size("m")


def regression() -> tuple[Named, Named, Named, Named, Named]:
    x, y = derive.data("x[i,j]", "y[i]")
    w, b = derive.parameters("w[j]", "b")
    z = derive.define("z[i]", derive.sum(w[j] * x[i, j], over=j) + b)
    return x, y, w, b, z


def weighted_least_squares() -> Problem:
    _, y, _, _, z = regression()
    c = derive.data("c[i]", domain="positive")
    return derive.problem(derive.sum(c[i] * (z[i] - y[i]) ** 2, over=i) / (2 * m))


def poisson() -> Problem:
    _, y, _, _, z = regression()
    mu = derive.define("mu[i]", derive.exp(z[i]))
    L = derive.define("L[i]", mu[i] - y[i] * derive.ln(mu[i]))
    return derive.problem(derive.mean(L[i], over=i))


def pseudo_huber() -> Problem:
    _, y, _, _, z = regression()
    delta = derive.hyperparameter("delta")
    r = derive.define("r[i]", z[i] - y[i])
    L = derive.define("L[i]", delta**2 * (derive.sqrt(1 + (r[i] / delta) ** 2) - 1))
    return derive.problem(derive.mean(L[i], over=i))


def shared_weights() -> Problem:
    x, y = derive.data("x[i,j]", "y[i,k]")
    W = derive.parameter("W[k,j]")
    k, l = derive.indices("k:n", "l:n")
    h = derive.define("h[i,k]", derive.tanh(derive.sum(W[k, j] * x[i, j], over=j)))
    o = derive.define("o[i,k]", derive.sum(W[k, l] * h[i, l], over=l))
    L = derive.define("L[i]", derive.sum((o[i, k] - y[i, k]) ** 2, over=k) / 2)
    return derive.problem(derive.mean(L[i], over=i))


def quadratic_form() -> Problem:
    A, c = derive.data("A[j,q]", "c[j]")
    w = derive.parameters("w[j]")
    square = derive.sum(w[j] * A[j, q] * w[q], over=(j, q))
    return derive.problem(Fraction(1, 2) * square - derive.sum(c[j] * w[j], over=j))


def batch_mean() -> Problem:
    x = derive.data("x[i]")
    w = derive.parameters("w")
    mu = derive.define("mu", derive.mean(x[i] * w, over=i))
    return derive.problem(derive.mean((x[p] * w - mu) ** 2, over=p))


def batch_normalisation() -> Problem:
    x, y = derive.data("x[i,j]", "y[i]")
    w = derive.parameters("w[j]")
    eps = derive.hyperparameter("epsilon")
    z = derive.define("z[i]", derive.sum(w[j] * x[i, j], over=j))
    mu = derive.define("mu", derive.mean(z[i], over=i))
    v = derive.define("v", derive.mean((z[p] - mu) ** 2, over=p))
    c = derive.define("c[i]", (z[i] - mu) / derive.sqrt(v + eps))
    return derive.problem(derive.mean((c[i] - y[i]) ** 2, over=i))


def factorisation() -> Problem:
    r = derive.indices("r:R")
    x = derive.data("x[i,k]")
    u, v = derive.parameters("u[i,r]", "v[k,r]")
    error = x[i, k] - derive.sum(u[i, r] * v[k, r], over=r)
    return derive.problem(derive.sum(error**2, over=(i, k)), spare=[derive.indices("s:R")])


def elastic() -> Problem:
    _, y, w, _, z = regression()
    one, two, eps = (derive.hyperparameter(name) for name in ("lambda_1", "lambda_2", "epsilon"))
    fit = derive.mean((z[i] - y[i]) ** 2, over=i)
    rough = derive.sum(derive.sqrt(w[j] ** 2 + eps), over=j)
    return derive.problem(fit + one * rough + two / 2 * derive.sum(w[j] ** 2, over=j))


def sum_without_mean() -> Problem:
    _, y, _, _, z = regression()
    return derive.problem(derive.sum((z[i] - y[i]) ** 2, over=i))


def without_data() -> Problem:
    w = derive.parameters("w[j]")
    return derive.problem(derive.sum(derive.cos(w[j]) + w[j] ** 4 / 4, over=j))


def rosenbrock() -> Problem:
    u, v = derive.parameters("u", "v")
    return derive.problem((1 - u) ** 2 + 100 * (v - u**2) ** 2)


def one_scalar() -> Problem:
    x, y = derive.data("x[i]", "y[i]")
    w = derive.parameters("w")
    return derive.problem(derive.mean((w * x[i] - y[i]) ** 2, over=i))


def stage_with_two_users() -> Problem:
    _, y, _, _, z = regression()
    s = derive.define("s[i]", derive.sigmoid(z[i]))
    t = derive.define("t[i]", derive.tanh(z[i]))
    L = derive.define("L[i]", s[i] * t[i] - y[i] * z[i])
    return derive.problem(derive.mean(L[i], over=i))


def margin() -> Problem:
    _, y, _, _, z = regression()
    L = derive.define("L[i]", derive.softplus(-y[i] * z[i]))
    return derive.problem(derive.mean(L[i], over=i))


def gaussian_likelihood() -> Problem:
    x = derive.data("x[i]")
    mu, s = derive.parameters("mu"), derive.parameter("s", domain="positive")
    return derive.problem(derive.mean((x[i] - mu) ** 2 / (2 * s**2) + derive.ln(s), over=i))


def swish() -> Problem:
    x, y = derive.data("x[i,j]", "y[i,j]")
    W = derive.parameter("W[j,q]")
    z = derive.define("z[i,j]", derive.sum(W[j, q] * x[i, q], over=q))
    s = derive.define("s[i,j]", derive.sigmoid(z[i, j]))
    o = derive.define("o[i,j]", z[i, j] * s[i, j])
    return derive.problem(derive.mean(derive.sum((o[i, j] - y[i, j]) ** 2, over=j), over=i))


def two_data_sets() -> Problem:
    g = derive.indices("g:M")
    x, y, u, t = derive.data("x[i,j]", "y[i]", "u[g,j]", "t[g]")
    w = derive.parameters("w[j]")
    labelled = derive.mean((derive.sum(w[j] * x[i, j], over=j) - y[i]) ** 2, over=i)
    other = derive.mean((derive.sum(w[j] * u[g, j], over=j) - t[g]) ** 2, over=g)
    return derive.problem(labelled + other)


def attention() -> Problem:
    x, y, v = derive.data("x[i,k,j]", "y[i]", "v[i,k]")
    w = derive.parameters("w[j]")
    s = derive.define("s[i,k]", derive.sum(w[j] * x[i, k, j], over=j))
    a = derive.define("a[i,k]", derive.exp(s[i, k]) / derive.sum(derive.exp(s[i, l]), over=l))
    o = derive.define("o[i]", derive.sum(a[i, k] * v[i, k], over=k))
    return derive.problem(derive.mean((o[i] - y[i]) ** 2, over=i))


def log_sum_exp() -> Problem:
    x, y = derive.data("x[i,j]"), derive.data("y[i,k]", domain="probabilities")
    W = derive.parameter("W[k,j]")
    z = derive.define("z[i,k]", derive.sum(W[k, j] * x[i, j], over=j))
    total = derive.ln(derive.sum(derive.exp(z[i, k]), over=k))
    L = derive.define("L[i]", total - derive.sum(y[i, k] * z[i, k], over=k))
    return derive.problem(derive.mean(L[i], over=i))


def abstract_penalty() -> Problem:
    _, y, w, _, z = regression()
    loss, rough = derive.function("ell", arguments=2), derive.function("R")
    penalty = derive.hyperparameter("lambda_")
    fit = derive.mean(loss(z[i], y[i]), over=i)
    return derive.problem(fit + penalty * derive.sum(rough(w[j]), over=j))


def rayleigh_quotient() -> Problem:
    A = derive.data("A[j,q]")
    w = derive.parameters("w[j]")
    above = derive.define("N", derive.sum(w[j] * A[j, q] * w[q], over=(j, q)))
    below = derive.define("D", derive.sum(w[j] ** 2, over=j))
    return derive.problem(above / below)


def product_of_means() -> Problem:
    x, y = derive.data("x[i]", "y[i]")
    u, v = derive.parameters("u", "v")
    a = derive.define("a", derive.mean(x[i] * u, over=i))
    c = derive.define("c", derive.mean(y[i] * v * u, over=i))
    return derive.problem(a * c + u * v)


def contrastive() -> Problem:
    x = derive.data("x[i,j]")
    w = derive.parameters("w[j]")
    z = derive.define("z[i]", derive.sum(w[j] * x[i, j], over=j))
    return derive.problem(derive.sum((z[i] - z[p]) ** 2, over=(i, p)) / m**2)


def soft_means() -> Problem:
    x, r = derive.data("x[i,j]"), derive.data("r[i,k]", domain="probabilities")
    c = derive.parameters("c[k,j]")
    distance = derive.sum((x[i, j] - c[k, j]) ** 2, over=j)
    return derive.problem(derive.mean(derive.sum(r[i, k] * distance, over=k), over=i))


def numbers_as_sizes() -> Problem:
    i, j = derive.indices("i:4", "j:3")
    x = derive.data("x[i,j]")
    w = derive.parameters("w[j]")
    return derive.problem(derive.mean(derive.sum(w[j] * x[i, j], over=j) ** 2, over=i))


def norm_of_weights() -> Problem:
    x, y = derive.data("x[i,j]", "y[i]")
    v, g = derive.parameters("v[j]", "g")
    r = derive.define("r", derive.sqrt(derive.sum(v[j] ** 2, over=j)))
    z = derive.define("z[i]", g * derive.sum(v[j] * x[i, j], over=j) / r)
    return derive.problem(derive.mean((z[i] - y[i]) ** 2, over=i) / 2, spare=[q])


def tied_autoencoder() -> Problem:
    h = derive.indices("h:H")
    x = derive.data("x[i,j]")
    W = derive.parameters("W[h,j]")
    a = derive.define("a[i,h]", derive.sigmoid(derive.sum(W[h, j] * x[i, j], over=j)))
    r = derive.define("r[i,j]", derive.sum(W[h, j] * a[i, h], over=h))
    cost = derive.mean(derive.sum((r[i, j] - x[i, j]) ** 2, over=j), over=i)
    return derive.problem(cost, spare=[q])


def recurrent() -> Problem:
    x1, x2, y = derive.data("x1[i]", "x2[i]", "y[i]")
    u, v = derive.parameters("u", "v")
    a = derive.define("a[i]", derive.tanh(u * x1[i]))
    c = derive.define("c[i]", derive.tanh(u * x2[i] + v * a[i]))
    return derive.problem(derive.mean((c[i] - y[i]) ** 2, over=i))


def fractional_power() -> Problem:
    x = derive.data("x[i]", domain="positive")
    a = derive.parameter("a", domain="positive")
    return derive.problem(derive.mean((a * x[i]) ** Fraction(3, 2) - a * x[i], over=i))


#: Each problem with its gradients, by parameter, as they print.
GRADIENTS: dict[Callable[[], Problem], Mapping[str, str]] = {
    weighted_least_squares: {
        "w": "(1/m) Σᵢ₌₁ᵐ c_i (z_i − y_i) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ c_i (z_i − y_i)",
    },
    poisson: {"w": "(1/m) Σᵢ₌₁ᵐ (μ_i − y_i) x_ij", "b": "(1/m) Σᵢ₌₁ᵐ (μ_i − y_i)"},
    pseudo_huber: {
        "w": "(1/m) Σᵢ₌₁ᵐ r_i/√(1 + (r_i/δ)²) · x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ r_i/√(1 + (r_i/δ)²)",
    },
    shared_weights: {
        "W": "(1/m) Σᵢ₌₁ᵐ [(o_ik − y_ik) h_ij + (1 − h_ik²) x_ij Σₗ₌₁ⁿ (o_il − y_il) W_lk]"
    },
    quadratic_form: {"w": "(1/2) (Σ_{q=1}^{n} A_jq w_q + Σ_{q=1}^{n} A_qj w_q) − c_j"},
    batch_mean: {"w": "(2/m) Σₚ₌₁ᵐ (x_p w − μ) (x_p − (1/m) Σᵢ₌₁ᵐ x_i)"},
    batch_normalisation: {},
    factorisation: {
        "u": "−2 Σₖ₌₁ᴷ (x_ik − Σₛ₌₁ᴿ u_is v_ks) v_kr",
        "v": "−2 Σᵢ₌₁ᵐ (x_ik − Σₛ₌₁ᴿ u_is v_ks) u_ir",
    },
    elastic: {"b": "(2/m) Σᵢ₌₁ᵐ (z_i − y_i)"},
    sum_without_mean: {"w": "2 Σᵢ₌₁ᵐ (z_i − y_i) x_ij", "b": "2 Σᵢ₌₁ᵐ (z_i − y_i)"},
    without_data: {"w": "w_j³ − sin w_j"},
    rosenbrock: {"u": "−2(1 − u) − 400(v − u²) u", "v": "200(v − u²)"},
    one_scalar: {"w": "(2/m) Σᵢ₌₁ᵐ (w x_i − y_i) x_i"},
    stage_with_two_users: {
        "b": "(1/m) Σᵢ₌₁ᵐ [s_i (1 − s_i) t_i + s_i (1 − t_i²) − y_i]",
    },
    margin: {"w": "−(1/m) Σᵢ₌₁ᵐ σ(−y_i z_i) y_i x_ij", "b": "−(1/m) Σᵢ₌₁ᵐ σ(−y_i z_i) y_i"},
    gaussian_likelihood: {
        "mu": "−(1/(m s²)) Σᵢ₌₁ᵐ (x_i − μ)",
        "s": "(1/m) Σᵢ₌₁ᵐ (−(x_i − μ)²/s³ + 1/s)",
    },
    swish: {"W": "(2/m) Σᵢ₌₁ᵐ (o_ij − y_ij) [s_ij + o_ij (1 − s_ij)] x_iq"},
    two_data_sets: {},
    attention: {"w": "(2/m) Σᵢ₌₁ᵐ (o_i − y_i) Σₖ₌₁ᴷ a_ik (v_ik − Σₗ₌₁ᴷ v_il a_il) x_ikj"},
    log_sum_exp: {"W": "(1/m) Σᵢ₌₁ᵐ (exp(z_ik)/(Σ_{k'=1}^{K} exp(z_{i,k'})) − y_ik) x_ij"},
    abstract_penalty: {
        "w": "(1/m) Σᵢ₌₁ᵐ ∂₁ℓ(z_i, y_i) x_ij + λ R′(w_j)",
        "b": "(1/m) Σᵢ₌₁ᵐ ∂₁ℓ(z_i, y_i)",
    },
    rayleigh_quotient: {},
    product_of_means: {"v": "u ((a/m) Σᵢ₌₁ᵐ y_i + 1)"},
    contrastive: {"w": "(2/m²) Σᵢ₌₁ᵐ Σₚ₌₁ᵐ (z_i − z_p) (x_ij − x_pj)"},
    soft_means: {"c": "−(2/m) Σᵢ₌₁ᵐ r_ik (x_ij − c_kj)"},
    numbers_as_sizes: {},
    norm_of_weights: {},
    tied_autoencoder: {},
    recurrent: {
        "v": "(2/m) Σᵢ₌₁ᵐ (c_i − y_i) (1 − c_i²) a_i",
        "u": "(2/m) Σᵢ₌₁ᵐ (c_i − y_i) (1 − c_i²) [x⁽²⁾_i + v (1 − a_i²) x⁽¹⁾_i]",
    },
    fractional_power: {"a": "(1/m) Σᵢ₌₁ᵐ x_i ((3/2) √(a x_i) − 1)"},
}

#: What takes long; at m = 1 nothing new is to be seen of it.
LONG = (batch_normalisation, attention, tied_autoencoder)


@pytest.mark.parametrize("write", GRADIENTS, ids=lambda write: write.__name__)
def test_own_problem(write: Callable[[], Problem]) -> None:
    problem = write()
    found = derive.gradient(problem)  # raises CheckFailed
    assert found.passed
    shown = {result.wrt: str(result.term) for result in found.results}
    assert {name: shown[name] for name in GRADIENTS[write]} == GRADIENTS[write]
    if "m" in problem.size_names and write not in LONG:
        single = derive.gradient(problem, m=1)
        assert single.passed
        assert single.lemmas == found.lemmas


@pytest.mark.parametrize(
    ("write", "folded"),
    [
        (weighted_least_squares, "(1/3) Σᵢ₌₁³ c_i (z_i − y_i) x_i1"),
        (factorisation, "−2 Σₖ₌₁² (x_1k − Σᵣ₌₁² u_1r v_kr) v_k1"),
        (gaussian_likelihood, "−(1/3) Σᵢ₌₁³ (x_i − μ)/s²"),
        (margin, "−(1/3) Σᵢ₌₁³ σ(−y_i z_i) y_i x_i1"),
        (batch_mean, "(2/3) Σᵢ₌₁³ (x_i w − μ) (x_i − (1/3) Σₚ₌₁³ x_p)"),
        (numbers_as_sizes, "(2/4) Σᵢ₌₁⁴ (Σⱼ₌₁³ w_j x_ij) x_i1"),
        (log_sum_exp, "(1/3) Σᵢ₌₁³ (exp(z_i1)/(Σₖ₌₁² exp(z_ik)) − y_i1) x_i1"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_small_case_folds_to_what_holds_for_any_m(
    write: Callable[[], Problem], folded: str
) -> None:
    found = derive.gradient(write(), check="none")
    assert str(found.small[0].folded) == folded


def test_the_last_standard_deviation_of_one_example_is_refused() -> None:
    """With one example the variance is 0, and the cost has no value: that is said, not hidden."""
    x = derive.data("x[i]")
    w = derive.parameters("w")
    mu = derive.define("mu", derive.mean(w * x[i], over=i))
    v = derive.define("v", derive.mean((w * x[p] - mu) ** 2, over=p))
    cost = derive.problem(derive.sqrt(v))
    assert derive.gradient(cost).passed
    with pytest.raises(derive.CheckFailed, match="no value"):
        derive.gradient(cost, m=1)
