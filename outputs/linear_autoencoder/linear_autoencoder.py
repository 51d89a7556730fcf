"""Linear autoencoder: the gradients by encoder and decoder.

    ∂J/∂W_hj = (1/m) Σᵢ₌₁ᵐ [Σₛ₌₁ⁿ (o_is − x_is) V_sh] x_ij
    ∂J/∂V_jh = (1/m) Σᵢ₌₁ᵐ (o_ij − x_ij) c_ih

Arrays, by the symbols of their sizes:

    x  (m, n)  feature j of example i
    W  (H, n)  encoder
    V  (n, H)  decoder
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "x": ("m", "n"),
    "W": ("H", "n"),
    "V": ("n", "H"),
}


def cost(*, x, W, V):
    """The cost J, a number."""
    x, W, V = _arrays(x=x, W=W, V=V)
    m = x.shape[0]
    _, o = _forward(x, W, V)
    L = ((o - x) ** 2).sum(axis=1) / 2
    return L.sum() / m


def gradient(*, x, W, V):
    """The gradient of the cost, by parameter: W (H, n), V (n, H)."""
    x, W, V = _arrays(x=x, W=W, V=V)
    m = x.shape[0]
    c, o = _forward(x, W, V)
    do = o - x
    return {
        "W": V.T @ do.T @ x / m,
        "V": do.T @ c / m,
    }


def _forward(x, W, V):
    """The stages that cost and gradient share: c, o."""
    c = x @ W.T
    o = c @ V.T
    return c, o


def example(seed=0, *, m=50, n=7, H=4):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(m, n)),
        "W": rng.normal(size=(H, n)),
        "V": rng.normal(size=(n, H)),
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
