"""LoRA: the gradients by the factors of a low-rank update.

    ∂J/∂A_rj = (1/m) Σᵢ₌₁ᵐ ∂L_i/∂h_ir · x_ij
    ∂J/∂B_kr = (1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ik · h_ir

Arrays, by the symbols of their sizes:

    x  (m, n)  feature j of example i
    W  (K, n)  weights, which stay as they are
    A  (R, n)  first factor of the update
    B  (K, R)  second factor of the update
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "x": ("m", "n"),
    "W": ("K", "n"),
    "A": ("R", "n"),
    "B": ("K", "R"),
}


def cost(*, x, W, A, B, loss, dloss=None):
    """The cost J, a number."""
    x, W, A, B = _arrays(x=x, W=W, A=A, B=B)
    m = x.shape[0]
    _, z = _forward(x, W, A, B)
    L = loss(z)
    return L.sum() / m


def gradient(*, x, W, A, B, dloss, loss=None):
    """The gradient of the cost, by parameter: A (R, n), B (K, R)."""
    x, W, A, B = _arrays(x=x, W=W, A=A, B=B)
    m = x.shape[0]
    h, z = _forward(x, W, A, B)
    dz = dloss(z)
    dh = dz @ B
    return {
        "A": dh.T @ x / m,
        "B": dz.T @ h / m,
    }


def _forward(x, W, A, B):
    """The stages that cost and gradient share: h, z."""
    h = x @ A.T
    z = x @ W.T + h @ B.T
    return h, z


def example(seed=0, *, m=50, n=7, R=4, K=5):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(m, n)),
        "W": rng.normal(size=(K, n)),
        "A": rng.normal(size=(R, n)),
        "B": rng.normal(size=(K, R)),
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
