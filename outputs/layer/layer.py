"""Layer l of a deep network: what is passed back.

    ∂J/∂W_kj = (1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ik · a_previous,ij
    ∂J/∂b_k = (1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ik
    ∂J/∂a_previous,ij = (1/m) Σₖ₌₁ᴷ ∂L_i/∂z_ik · W_kj

Arrays, by the symbols of their sizes:

    a_previous  (m, n)  activation j of the layer below
    y           (m, K)  labels of example i
    W           (K, n)  weights of layer l
    b           (K,)    biases of layer l
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "a_previous": ("m", "n"),
    "y": ("m", "K"),
    "W": ("K", "n"),
    "b": ("K",),
}


def cost(*, a_previous, y, W, b, g, L, dg=None, dL_da=None):
    """The cost J, a number."""
    a_previous, y, W, b = _arrays(a_previous=a_previous, y=y, W=W, b=b)
    m = a_previous.shape[0]
    _, a = _forward(a_previous, W, b, g)
    L_i = L(a, y)
    return L_i.sum() / m


def gradient(*, a_previous, y, W, b, g, dg, dL_da, L=None):
    """The gradient of the cost, by parameter: W (K, n), b (K,), a_previous (m, n)."""
    a_previous, y, W, b = _arrays(a_previous=a_previous, y=y, W=W, b=b)
    m = a_previous.shape[0]
    z, a = _forward(a_previous, W, b, g)
    da = dL_da(a, y)
    dz = da * dg(z)
    return {
        "W": dz.T @ a_previous / m,
        "b": dz.sum(axis=0) / m,
        "a_previous": dz @ W / m,
    }


def _forward(a_previous, W, b, g):
    """The stages that cost and gradient share: z, a."""
    z = a_previous @ W.T + b
    a = g(z)
    return z, a


def example(seed=0, *, m=50, n=7, K=4):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "a_previous": rng.normal(size=(m, n)),
        "y": rng.normal(size=(m, K)),
        "W": rng.normal(size=(K, n)),
        "b": rng.normal(size=K),
        "g": np.tanh,
        "dg": lambda u: 1 - np.tanh(u) ** 2,
        "L": lambda a, y: ((a - y) ** 2).sum(axis=-1) / 2,
        "dL_da": lambda a, y: a - y,
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
