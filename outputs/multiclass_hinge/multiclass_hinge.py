"""Multiclass hinge: the subgradient of the mean loss.

    ∂J/∂W_kj = (1/m) Σᵢ₌₁ᵐ [(1 − y_ik) 𝟏[v_ik > 0] − y_ik Σₗ₌₁ᴷ (1 − y_il) 𝟏[v_il > 0]] x_ij
    ∂J/∂b_k = (1/m) Σᵢ₌₁ᵐ [(1 − y_ik) 𝟏[v_ik > 0] − y_ik Σₗ₌₁ᴷ (1 − y_il) 𝟏[v_il > 0]]

Arrays, by the symbols of their sizes:

    x  (m, n)  feature j of example i
    y  (m, K)  1 if example i is of class k, else 0
    W  (K, n)  weights
    b  (K,)    biases
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "x": ("m", "n"),
    "y": ("m", "K"),
    "W": ("K", "n"),
    "b": ("K",),
}


def cost(*, x, y, W, b):
    """The cost J, a number."""
    x, y, W, b = _arrays(x=x, y=y, W=W, b=b)
    m = x.shape[0]
    v = _forward(x, y, W, b)
    L = ((1 - y) * np.maximum(v, 0.0)).sum(axis=1)
    return L.sum() / m


def gradient(*, x, y, W, b):
    """The gradient of the cost, by parameter: W (K, n), b (K,)."""
    x, y, W, b = _arrays(x=x, y=y, W=W, b=b)
    m = x.shape[0]
    v = _forward(x, y, W, b)
    t1 = (1 - y) * np.where(v > 0, 1.0, 0.0)
    dz = t1 - y * t1.sum(axis=1)[:, None]
    return {
        "W": dz.T @ x / m,
        "b": dz.sum(axis=0) / m,
    }


def _forward(x, y, W, b):
    """The stage that cost and gradient share: v."""
    z = x @ W.T + b
    t = (y * z).sum(axis=1)
    return 1 + z - t[:, None]


def example(seed=0, *, m=50, n=7, K=3):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(m, n)),
        "y": np.eye(K)[rng.integers(0, K, size=m)],
        "W": rng.normal(size=(K, n)),
        "b": rng.normal(size=K),
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
