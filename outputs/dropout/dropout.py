"""Dropout: the gradients by weights and input.

    ∂J/∂W_kj = (1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ik · d_ij
    ∂J/∂x_ij = (1/(m q)) · ∂L_i/∂d_ij · r_ij

Arrays, by the symbols of their sizes:

    r  (m, n)  mask: 1 if input j of example i is kept, else 0
    x  (m, n)  input j of example i
    W  (K, n)  weights
    q  number  probability that a unit is kept
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "r": ("m", "n"),
    "x": ("m", "n"),
    "W": ("K", "n"),
    "q": (),
}


def cost(*, r, x, W, q, loss, dloss=None):
    """The cost J, a number."""
    r, x, W, q = _arrays(r=r, x=x, W=W, q=q)
    m = r.shape[0]
    _, z = _forward(r, x, W, q)
    L = loss(z)
    return L.sum() / m


def gradient(*, r, x, W, q, dloss, loss=None):
    """The gradient of the cost, by parameter: W (K, n), x (m, n)."""
    r, x, W, q = _arrays(r=r, x=x, W=W, q=q)
    m = r.shape[0]
    d, z = _forward(r, x, W, q)
    dz = dloss(z)
    dd = dz @ W
    return {
        "W": dz.T @ d / m,
        "x": dd * r / (m * q),
    }


def _forward(r, x, W, q):
    """The stages that cost and gradient share: d, z."""
    d = r * x / q
    z = d @ W.T
    return d, z


def example(seed=0, *, m=50, n=7, K=4):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "r": rng.integers(0, 2, size=(m, n)).astype(float),
        "x": rng.normal(size=(m, n)),
        "W": rng.normal(size=(K, n)),
        "q": rng.uniform(0.05, 0.95),
        "loss": lambda z: ((z) ** 2).sum(axis=-1) / 2,
        "dloss": lambda z: z,
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
