"""Quantile regression: the subgradient of the mean check loss.

    ∂J/∂w_j = (1/m) Σᵢ₌₁ᵐ [(1 − τ) 𝟏[−r_i > 0] − τ 𝟏[r_i > 0]] x_ij
    ∂J/∂b = (1/m) Σᵢ₌₁ᵐ [(1 − τ) 𝟏[−r_i > 0] − τ 𝟏[r_i > 0]]

Arrays, by the symbols of their sizes:

    x    (m, n)  feature j of example i
    y    (m,)    target of example i
    w    (n,)    weights
    b    number  bias
    tau  number  which quantile
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "x": ("m", "n"),
    "y": ("m",),
    "w": ("n",),
    "b": (),
    "tau": (),
}


def cost(*, x, y, w, b, tau):
    """The cost J, a number."""
    x, y, w, b, tau = _arrays(x=x, y=y, w=w, b=b, tau=tau)
    m = x.shape[0]
    r = _forward(x, y, w, b)
    L = tau * np.maximum(r, 0.0) + (1 - tau) * np.maximum(-r, 0.0)
    return L.sum() / m


def gradient(*, x, y, w, b, tau):
    """The gradient of the cost, by parameter: w (n,), b number."""
    x, y, w, b, tau = _arrays(x=x, y=y, w=w, b=b, tau=tau)
    m = x.shape[0]
    r = _forward(x, y, w, b)
    dyhat = (1 - tau) * np.where((-r) > 0, 1.0, 0.0) - tau * np.where(r > 0, 1.0, 0.0)
    return {
        "w": x.T @ dyhat / m,
        "b": dyhat.sum() / m,
    }


def _forward(x, y, w, b):
    """The stage that cost and gradient share: r."""
    yhat = x @ w + b
    return y - yhat


def example(seed=0, *, m=50, n=7):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(m, n)),
        "y": rng.normal(size=m),
        "w": rng.normal(size=n),
        "b": rng.normal(),
        "tau": rng.uniform(0.05, 0.95),
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
