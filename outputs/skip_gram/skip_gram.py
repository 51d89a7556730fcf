"""Skip-gram: the gradients by word, context and negative samples.

    ∂J/∂w_id = (1/m) [(a_i − 1) c_id + Σₖ₌₁ᴷ q_ik n_ikd]
    ∂J/∂c_id = (1/m) (a_i − 1) w_id
    ∂J/∂n_ikd = (1/m) q_ik w_id

Arrays, by the symbols of their sizes:

    w  (m, D)     vector of the word of pair i
    c  (m, D)     vector of its context
    n  (m, K, D)  vector of negative sample k
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "w": ("m", "D"),
    "c": ("m", "D"),
    "n": ("m", "K", "D"),
}


def cost(*, w, c, n):
    """The cost J, a number."""
    w, c, n = _arrays(w=w, c=c, n=n)
    m = w.shape[0]
    s, r = _forward(w, c, n)
    L = np.logaddexp(0.0, -s) - (-np.logaddexp(0.0, r)).sum(axis=1)
    return L.sum() / m


def gradient(*, w, c, n):
    """The gradient of the cost, by parameter: w (m, D), c (m, D), n (m, K, D)."""
    w, c, n = _arrays(w=w, c=c, n=n)
    m = w.shape[0]
    s, r = _forward(w, c, n)
    a = _sigmoid(s)
    q = _sigmoid(r)
    t1 = a - 1
    return {
        "w": (t1[:, None] * c + np.einsum("ik,ikd->id", q, n)) / m,
        "c": w * (t1[:, None] / m),
        "n": q[:, :, None] * w[:, None, :] / m,
    }


def _forward(w, c, n):
    """The stages that cost and gradient share: s, r."""
    s = (w * c).sum(axis=1)
    r = np.einsum("id,ikd->ik", w, n)
    return s, r


def example(seed=0, *, m=50, D=7, K=4):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "w": rng.normal(size=(m, D)),
        "c": rng.normal(size=(m, D)),
        "n": rng.normal(size=(m, K, D)),
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
