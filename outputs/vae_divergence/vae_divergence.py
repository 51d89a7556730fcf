"""Variational autoencoder: the gradients of the divergence.

    ∂J/∂s_id = (1/(2m)) (exp(s_id) − 1)
    ∂J/∂μ_id = (1/m) μ_id

Arrays, by the symbols of their sizes:

    s   (m, D)  logarithm of its variance
    mu  (m, D)  mean of latent d for example i
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "s": ("m", "D"),
    "mu": ("m", "D"),
}


def cost(*, s, mu):
    """The cost J, a number."""
    s, mu = _arrays(s=s, mu=mu)
    m = s.shape[0]
    L = (np.exp(s) + mu**2 - 1 - s).sum(axis=1) / 2
    return L.sum() / m


def gradient(*, s, mu):
    """The gradient of the cost, by parameter: s (m, D), mu (m, D)."""
    s, mu = _arrays(s=s, mu=mu)
    m = s.shape[0]
    return {
        "s": (np.exp(s) - 1) / (2 * m),
        "mu": mu / m,
    }


def example(seed=0, *, m=50, D=7):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "s": rng.normal(size=(m, D)),
        "mu": rng.normal(size=(m, D)),
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
