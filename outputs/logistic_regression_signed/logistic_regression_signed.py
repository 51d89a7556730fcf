"""Logistic regression with labels −1 and 1: the gradient of the mean logistic loss.

    ∂J/∂w_j = −(1/m) Σᵢ₌₁ᵐ σ(−y_i z_i) y_i x_ij
    ∂J/∂b = −(1/m) Σᵢ₌₁ᵐ σ(−y_i z_i) y_i

Arrays, by the symbols of their sizes:

    x  (m, n)  feature j of example i
    y  (m,)    label of example i, −1 or 1
    w  (n,)    weights
    b  number  bias
"""

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
    z = _forward(x, w, b)
    L = np.logaddexp(0.0, -y * z)
    return L.sum() / m


def gradient(*, x, y, w, b):
    """The gradient of the cost, by parameter: w (n,), b number."""
    x, y, w, b = _arrays(x=x, y=y, w=w, b=b)
    m = x.shape[0]
    z = _forward(x, w, b)
    t1 = _sigmoid(-y * z)
    return {
        "w": -x.T @ (t1 * y) / m,
        "b": -t1 @ y / m,
    }


def _forward(x, w, b):
    """The stage that cost and gradient share: z."""
    return x @ w + b


def example(seed=0, *, m=50, n=7):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(m, n)),
        "y": rng.normal(size=m),
        "w": rng.normal(size=n),
        "b": rng.normal(),
    }


def _sigmoid(u):
    """1 / (1 + e^(-u)), without overflow: beyond e^709 the quotient is 0 in any case."""
    return 1.0 / (1.0 + np.exp(np.minimum(-u, 709.0)))


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
