"""Huber regression: the gradient of the mean Huber loss.

    ∂J/∂w_j = (1/m) Σᵢ₌₁ᵐ clip(ŷ_i − y_i, −δ, δ) x_ij
    ∂J/∂b = (1/m) Σᵢ₌₁ᵐ clip(ŷ_i − y_i, −δ, δ)

Arrays, by the symbols of their sizes:

    x      (m, n)  feature j of example i
    y      (m,)    target of example i
    w      (n,)    weights
    b      number  bias
    delta  number  where the loss turns from square to absolute
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "x": ("m", "n"),
    "y": ("m",),
    "w": ("n",),
    "b": (),
    "delta": (),
}


def cost(*, x, y, w, b, delta):
    """The cost J, a number."""
    x, y, w, b, delta = _arrays(x=x, y=y, w=w, b=b, delta=delta)
    m = x.shape[0]
    yhat = _forward(x, w, b)
    t1 = yhat - y
    t2 = np.abs(t1)
    L = np.where(t2 <= delta, np.square(t1) / 2, delta * (t2 - delta / 2))
    return L.sum() / m


def gradient(*, x, y, w, b, delta):
    """The gradient of the cost, by parameter: w (n,), b number."""
    x, y, w, b, delta = _arrays(x=x, y=y, w=w, b=b, delta=delta)
    m = x.shape[0]
    yhat = _forward(x, w, b)
    dyhat = np.clip(yhat - y, -delta, delta)
    return {
        "w": x.T @ dyhat / m,
        "b": dyhat.sum() / m,
    }


def _forward(x, w, b):
    """The stage that cost and gradient share: yhat."""
    return x @ w + b


def example(seed=0, *, m=50, n=7):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(m, n)),
        "y": rng.normal(size=m),
        "w": rng.normal(size=n),
        "b": rng.normal(),
        "delta": rng.uniform(0.5, 2.0),
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
