"""RMS normalisation: the gradients by scale and input.

    ∂J/∂x_ij = (1/m) · 1/s_i · (∂L_i/∂o_ij · γ_j − (1/n) u_ij Σₕ₌₁ⁿ ∂L_i/∂o_ih · o_ih)
    ∂J/∂γ_j = (1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij · u_ij

Arrays, by the symbols of their sizes:

    x        (m, n)  input j of example i
    gamma    (n,)    scale of unit j
    epsilon  number  keeps the root away from 0
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "x": ("m", "n"),
    "gamma": ("n",),
    "epsilon": (),
}


def cost(*, x, gamma, epsilon, loss, dloss=None):
    """The cost J, a number."""
    x, gamma, epsilon = _arrays(x=x, gamma=gamma, epsilon=epsilon)
    m = x.shape[0]
    _, _, o = _forward(x, gamma, epsilon)
    L = loss(o)
    return L.sum() / m


def gradient(*, x, gamma, epsilon, dloss, loss=None):
    """The gradient of the cost, by parameter: x (m, n), gamma (n,)."""
    x, gamma, epsilon = _arrays(x=x, gamma=gamma, epsilon=epsilon)
    m = x.shape[0]
    n = x.shape[1]
    s, u, o = _forward(x, gamma, epsilon)
    do = dloss(o)
    return {
        "x": (do * gamma - u * ((do * o).sum(axis=1)[:, None] / n)) / s[:, None] / m,
        "gamma": (do * u).sum(axis=0) / m,
    }


def _forward(x, gamma, epsilon):
    """The stages that cost and gradient share: s, u, o."""
    n = x.shape[1]
    s = np.sqrt((x**2).sum(axis=1) / n + epsilon)
    u = x / s[:, None]
    o = u * gamma
    return s, u, o


def example(seed=0, *, m=50, n=7):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(m, n)),
        "gamma": rng.normal(size=n),
        "epsilon": rng.uniform(0.5, 2.0),
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
