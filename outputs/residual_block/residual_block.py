"""Residual block: the gradients by weights and input.

    ∂J/∂W_jh = (1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ij · x_ih
    ∂J/∂x_ij = (1/m) (∂L_i/∂o_ij + Σₕ₌₁ⁿ ∂L_i/∂o_ih · g′(z_ih) W_hj)

Arrays, by the symbols of their sizes:

    x  (m, n)  input j of example i
    W  (n, n)  weights
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "x": ("m", "n"),
    "W": ("n", "n"),
}


def cost(*, x, W, g, loss, dg=None, dloss=None):
    """The cost J, a number."""
    x, W = _arrays(x=x, W=W)
    m = x.shape[0]
    _, o = _forward(x, W, g)
    L = loss(o)
    return L.sum() / m


def gradient(*, x, W, g, dg, dloss, loss=None):
    """The gradient of the cost, by parameter: W (n, n), x (m, n)."""
    x, W = _arrays(x=x, W=W)
    m = x.shape[0]
    z, o = _forward(x, W, g)
    do = dloss(o)
    da = do
    t1 = dg(z)
    dz = da * t1
    return {
        "W": dz.T @ x / m,
        "x": (do + (do * t1) @ W) / m,
    }


def _forward(x, W, g):
    """The stages that cost and gradient share: z, o."""
    z = x @ W.T
    a = g(z)
    o = x + a
    return z, o


def example(seed=0, *, m=50, n=7):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(m, n)),
        "W": rng.normal(size=(n, n)),
        "g": np.tanh,
        "dg": lambda u: 1 - np.tanh(u) ** 2,
        "loss": lambda o: ((o) ** 2).sum(axis=-1) / 2,
        "dloss": lambda o: o,
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
