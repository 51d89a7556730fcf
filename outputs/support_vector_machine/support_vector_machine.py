"""Support vector machine: the subgradient of the penalised hinge loss.

    ∂J/∂w_j = λ w_j − (1/m) Σᵢ₌₁ᵐ 𝟏[1 − y_i z_i > 0] y_i x_ij
    ∂J/∂b = −(1/m) Σᵢ₌₁ᵐ 𝟏[1 − y_i z_i > 0] y_i

Arrays, by the symbols of their sizes:

    x        (m, n)  feature j of example i
    y        (m,)    label of example i, −1 or 1
    w        (n,)    weights
    b        number  bias
    lambda_  number  strength of the penalty
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "x": ("m", "n"),
    "y": ("m",),
    "w": ("n",),
    "b": (),
    "lambda_": (),
}


def cost(*, x, y, w, b, lambda_):
    """The cost J, a number."""
    x, y, w, b, lambda_ = _arrays(x=x, y=y, w=w, b=b, lambda_=lambda_)
    m = x.shape[0]
    z = _forward(x, w, b)
    L = np.maximum(1 - y * z, 0)
    return L.sum() / m + lambda_ * (w @ w) / 2


def gradient(*, x, y, w, b, lambda_):
    """The gradient of the cost, by parameter: w (n,), b number."""
    x, y, w, b, lambda_ = _arrays(x=x, y=y, w=w, b=b, lambda_=lambda_)
    m = x.shape[0]
    z = _forward(x, w, b)
    t1 = np.where((1 - y * z) > 0, 1.0, 0.0)
    return {
        "w": lambda_ * w - x.T @ (t1 * y) / m,
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
        "lambda_": rng.uniform(0.5, 2.0),
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
