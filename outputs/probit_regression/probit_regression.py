"""Probit regression: the gradient of the mean cross-entropy.

    ∂J/∂w_j = (1/m) Σᵢ₌₁ᵐ (a_i − y_i)/(a_i (1 − a_i)) · φ(z_i) x_ij
    ∂J/∂b = (1/m) Σᵢ₌₁ᵐ (a_i − y_i)/(a_i (1 − a_i)) · φ(z_i)

Arrays, by the symbols of their sizes:

    x  (m, n)  feature j of example i
    y  (m,)    label of example i, 0 or 1
    w  (n,)    weights
    b  number  bias
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
}


def cost(*, x, y, w, b):
    """The cost J, a number."""
    x, y, w, b = _arrays(x=x, y=y, w=w, b=b)
    m = x.shape[0]
    z, a = _forward(x, w, b)
    L = -(y * np.log(a) + (1 - y) * np.log(_normal_cdf(-z)))
    return L.sum() / m


def gradient(*, x, y, w, b):
    """The gradient of the cost, by parameter: w (n,), b number."""
    x, y, w, b = _arrays(x=x, y=y, w=w, b=b)
    m = x.shape[0]
    z, a = _forward(x, w, b)
    dz = np.exp(-np.square(z) / 2) / np.sqrt(2 * np.pi)
    t1 = dz * (a - y) / (a * _normal_cdf(-z))
    return {
        "w": x.T @ t1 / m,
        "b": t1.sum() / m,
    }


def _forward(x, w, b):
    """The stages that cost and gradient share: z, a."""
    z = x @ w + b
    a = _normal_cdf(z)
    return z, a


def example(seed=0, *, m=50, n=7):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(m, n)),
        "y": rng.integers(0, 2, size=m).astype(float),
        "w": rng.normal(size=n),
        "b": rng.normal(),
    }


def _normal_cdf(u):
    """The standard normal distribution function, of each element."""
    return 0.5 * np.vectorize(math.erfc, otypes=[float])(-np.asarray(u) / math.sqrt(2.0))


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
