"""Negative binomial regression: the gradient of the mean negative log-likelihood.

    ∂J/∂w_j = (1/m) Σᵢ₌₁ᵐ r · (μ_i − y_i)/(r + μ_i) · x_ij
    ∂J/∂b = (1/m) Σᵢ₌₁ᵐ r · (μ_i − y_i)/(r + μ_i)
    ∂J/∂r = (1/m) Σᵢ₌₁ᵐ [ψ(r) − ψ(r + y_i) + ln(r + μ_i) + (r + y_i)/(r + μ_i) − ln r − 1]

Arrays, by the symbols of their sizes:

    x  (m, n)  feature j of example i
    y  (m,)    count of example i
    w  (n,)    weights
    b  number  bias
    r  number  dispersion
"""

import math

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "x": ("m", "n"),
    "y": ("m",),
    "w": ("n",),
    "b": (),
    "r": (),
}


def cost(*, x, y, w, b, r):
    """The cost J, a number."""
    x, y, w, b, r = _arrays(x=x, y=y, w=w, b=b, r=r)
    m = x.shape[0]
    z, mu = _forward(x, w, b)
    t1 = r + y
    L = _log_gamma(r) - _log_gamma(t1) + t1 * np.log(r + mu) - r * np.log(r) - y * z
    return L.sum() / m


def gradient(*, x, y, w, b, r):
    """The gradient of the cost, by parameter: w (n,), b number, r number."""
    x, y, w, b, r = _arrays(x=x, y=y, w=w, b=b, r=r)
    m = x.shape[0]
    _, mu = _forward(x, w, b)
    t1 = r + mu
    t2 = (mu - y) / t1
    t3 = r + y
    return {
        "w": r * (x.T @ t2) / m,
        "b": r * t2.sum() / m,
        "r": (
            (_polygamma(0, r) - _polygamma(0, t3) + np.log(t1) + t3 / t1 - np.log(r) - 1).sum() / m
        ),
    }


def _forward(x, w, b):
    """The stages that cost and gradient share: z, mu."""
    z = x @ w + b
    mu = np.exp(z)
    return z, mu


def example(seed=0, *, m=50, n=7):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(m, n)),
        "y": rng.uniform(0.5, 2.0, size=m),
        "w": rng.normal(size=n),
        "b": rng.normal(),
        "r": rng.uniform(0.5, 2.0),
    }


def _gamma(u):
    """The gamma function, of each element."""
    return np.vectorize(math.gamma, otypes=[float])(u)


def _log_gamma(u):
    """The logarithm of the gamma function, of each element."""
    return np.vectorize(math.lgamma, otypes=[float])(u)


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


def _arrays(**given):
    """The arrays as floats, in order; a ValueError if their shapes do not fit together."""
    arrays = {name: np.asarray(array, dtype=float) for name, array in given.items()}
    seen = {}
    for name, array in arrays.items():
        axes = _AXES[name]
        if array.ndim != len(axes):
            expected = ", ".join(axes)
            raise ValueError(f"{name} has shape {array.shape}; expected ({expected})")
        for axis, size in zip(axes, array.shape):
            first, expected = seen.setdefault(axis, (name, size))
            if size != expected:
                raise ValueError(
                    f"{name} with shape {array.shape} does not fit {first} with shape "
                    f"{arrays[first].shape}: {axis} is {size} in one and {expected} in the other"
                )
    return tuple(array[()] for array in arrays.values())
