"""Normal distribution: the gradients of the negative log-likelihood.

    ∂J/∂v = (1/(2m)) Σᵢ₌₁ᵐ (1/v − (x_i − μ)²/v²)
    ∂J/∂μ = −(1/(m v)) Σᵢ₌₁ᵐ (x_i − μ)

Arrays, by the symbols of their sizes:

    x   (m,)    observation i
    v   number  variance
    mu  number  mean
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "x": ("m",),
    "v": (),
    "mu": (),
}


def cost(*, x, v, mu):
    """The cost J, a number."""
    x, v, mu = _arrays(x=x, v=v, mu=mu)
    m = x.shape[0]
    L = np.log(2 * np.pi * v) / 2 + (x - mu) ** 2 / (2 * v)
    return L.sum() / m


def gradient(*, x, v, mu):
    """The gradient of the cost, by parameter: v number, mu number."""
    x, v, mu = _arrays(x=x, v=v, mu=mu)
    m = x.shape[0]
    t1 = x - mu
    return {
        "v": m / (2 * m * v) - v ** -2 * (t1 @ t1) / (2 * m),
        "mu": -x.sum() / (m * v) + mu * m / (m * v),
    }


def example(seed=0, *, m=50):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=m),
        "v": rng.uniform(0.5, 2.0),
        "mu": rng.normal(),
    }


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
