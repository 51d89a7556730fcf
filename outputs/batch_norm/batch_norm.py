"""Batch normalisation: the gradients by scale, shift and input.

    ∂J/∂x_ij = (1/m) · γ_j/s_j · (∂L_i/∂o_ij − (1/m) Σₚ₌₁ᵐ ∂L_p/∂o_pj − (1/m) u_ij Σₚ₌₁ᵐ ∂L_p/∂o_pj · u_pj)
    ∂J/∂γ_j = (1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij · u_ij
    ∂J/∂β_j = (1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij

Arrays, by the symbols of their sizes:

    x        (m, n)  input j of example i
    gamma    (n,)    scale of unit j
    beta     (n,)    shift of unit j
    epsilon  number  keeps the root away from 0
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "x": ("m", "n"),
    "gamma": ("n",),
    "beta": ("n",),
    "epsilon": (),
}


def cost(*, x, gamma, beta, epsilon, loss, dloss=None):
    """The cost J, a number."""
    x, gamma, beta, epsilon = _arrays(x=x, gamma=gamma, beta=beta, epsilon=epsilon)
    m = x.shape[0]
    _, _, o = _forward(x, gamma, beta, epsilon)
    L = loss(o)
    return L.sum() / m


def gradient(*, x, gamma, beta, epsilon, dloss, loss=None):
    """The gradient of the cost, by parameter: x (m, n), gamma (n,), beta (n,)."""
    x, gamma, beta, epsilon = _arrays(x=x, gamma=gamma, beta=beta, epsilon=epsilon)
    m = x.shape[0]
    s, u, o = _forward(x, gamma, beta, epsilon)
    do = dloss(o)
    t1 = (do * u).sum(axis=0) / m
    t2 = do.sum(axis=0) / m
    return {
        "x": (do - t2 - u * t1) * (gamma / s / m),
        "gamma": t1,
        "beta": t2,
    }


def _forward(x, gamma, beta, epsilon):
    """The stages that cost and gradient share: s, u, o."""
    m = x.shape[0]
    mu = x.sum(axis=0) / m
    c = x - mu
    s = np.sqrt((c**2).sum(axis=0) / m + epsilon)
    u = c / s
    o = u * gamma + beta
    return s, u, o


def example(seed=0, *, m=50, n=7):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(m, n)),
        "gamma": rng.normal(size=n),
        "beta": rng.normal(size=n),
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
