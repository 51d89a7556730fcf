"""The mean of any loss: where the 1/m comes from.

    ∂J/∂W_j = (1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_i · x_ij
    ∂J/∂b = (1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_i

Arrays, by the symbols of their sizes:

    x  (m, n)  feature j of example i
    y  (m,)    label of example i
    W  (n,)    weights, a row vector
    b  number  bias
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "x": ("m", "n"),
    "y": ("m",),
    "W": ("n",),
    "b": (),
}


def cost(*, x, y, W, b, g, L, dg=None, dL_da=None):
    """The cost J, a number."""
    x, y, W, b = _arrays(x=x, y=y, W=W, b=b)
    m = x.shape[0]
    _, a = _forward(x, W, b, g)
    L_i = L(a, y)
    return L_i.sum() / m


def gradient(*, x, y, W, b, g, dg, dL_da, L=None):
    """The gradient of the cost, by parameter: W (n,), b number."""
    x, y, W, b = _arrays(x=x, y=y, W=W, b=b)
    m = x.shape[0]
    z, a = _forward(x, W, b, g)
    da = dL_da(a, y)
    dz = da * dg(z)
    return {
        "W": x.T @ dz / m,
        "b": dz.sum() / m,
    }


def _forward(x, W, b, g):
    """The stages that cost and gradient share: z, a."""
    z = x @ W + b
    a = g(z)
    return z, a


def example(seed=0, *, m=50, n=7):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(m, n)),
        "y": rng.normal(size=m),
        "W": rng.normal(size=n),
        "b": rng.normal(),
        "g": np.tanh,
        "dg": lambda u: 1 - np.tanh(u) ** 2,
        "L": lambda a, y: (a - y) ** 2 / 2,
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
