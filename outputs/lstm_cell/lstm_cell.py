"""LSTM cell: the gradients by the gates and by the cell state before.

    ∂J/∂z_i,kj = (1/m) · ∂L_k/∂g_i,kj · g_i,kj (1 − g_i,kj)
    ∂J/∂z_f,kj = (1/m) · ∂L_k/∂g_f,kj · g_f,kj (1 − g_f,kj)
    ∂J/∂z_o,kj = (1/m) · ∂L_k/∂g_o,kj · g_o,kj (1 − g_o,kj)
    ∂J/∂z_g,kj = (1/m) · ∂L_k/∂g_g,kj · (1 − g_g,kj²)
    ∂J/∂c_previous,kj = (1/m) · ∂L_k/∂c_kj · g_f,kj

Arrays, by the symbols of their sizes:

    c_previous  (m, H)  cell state before
    z_o         (m, H)  weighted sum of the output gate
    z_f         (m, H)  weighted sum of the forget gate
    z_i         (m, H)  weighted sum of the input gate
    z_g         (m, H)  weighted sum of the candidate
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "c_previous": ("m", "H"),
    "z_o": ("m", "H"),
    "z_f": ("m", "H"),
    "z_i": ("m", "H"),
    "z_g": ("m", "H"),
}


def cost(*, c_previous, z_o, z_f, z_i, z_g, loss, dloss=None):
    """The cost J, a number."""
    c_previous, z_o, z_f, z_i, z_g = _arrays(
        c_previous=c_previous, z_o=z_o, z_f=z_f, z_i=z_i, z_g=z_g
    )
    m = c_previous.shape[0]
    _, _, _, _, _, h = _forward(c_previous, z_o, z_f, z_i, z_g)
    L = loss(h)
    return L.sum() / m


def gradient(*, c_previous, z_o, z_f, z_i, z_g, dloss, loss=None):
    """The gradient of the cost, by parameter."""
    c_previous, z_o, z_f, z_i, z_g = _arrays(
        c_previous=c_previous, z_o=z_o, z_f=z_f, z_i=z_i, z_g=z_g
    )
    m = c_previous.shape[0]
    g_o, g_f, g_i, g_g, c, h = _forward(c_previous, z_o, z_f, z_i, z_g)
    dh = dloss(h)
    t1 = np.tanh(c)
    dc = dh * g_o * (1 - t1 ** 2)
    dg_i = dc * g_g
    dg_f = dc * c_previous
    dg_o = dh * t1
    dg_g = dc * g_i
    return {
        "z_i": dg_i * g_i * (1 - g_i) / m,
        "z_f": dg_f * g_f * (1 - g_f) / m,
        "z_o": dg_o * g_o * (1 - g_o) / m,
        "z_g": dg_g * (1 - g_g**2) / m,
        "c_previous": dc * g_f / m,
    }


def _forward(c_previous, z_o, z_f, z_i, z_g):
    """The stages that cost and gradient share: g_o, g_f, g_i, g_g, c, h."""
    g_o = _sigmoid(z_o)
    g_f = _sigmoid(z_f)
    g_i = _sigmoid(z_i)
    g_g = np.tanh(z_g)
    c = g_f * c_previous + g_i * g_g
    h = g_o * np.tanh(c)
    return g_o, g_f, g_i, g_g, c, h


def example(seed=0, *, m=50, H=7):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "c_previous": rng.normal(size=(m, H)),
        "z_o": rng.normal(size=(m, H)),
        "z_f": rng.normal(size=(m, H)),
        "z_i": rng.normal(size=(m, H)),
        "z_g": rng.normal(size=(m, H)),
        "loss": lambda h: ((h) ** 2).sum(axis=-1) / 2,
        "dloss": lambda h: h,
    }


def _sigmoid(u):
    """1 / (1 + e^(-u)), without overflow: beyond e^709 the quotient is 0 in any case."""
    return 1.0 / (1.0 + np.exp(np.minimum(-u, 709.0)))


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
