"""Matrix factorisation: the gradients by users, items and biases.

    ∂J/∂P_uf = Σᵥ₌₁ⱽ c_uv e_uv Q_vf
    ∂J/∂Q_vf = Σᵤ₌₁ᵁ c_uv e_uv P_uf
    ∂J/∂a_u = Σᵥ₌₁ⱽ c_uv e_uv
    ∂J/∂b_v = Σᵤ₌₁ᵁ c_uv e_uv

Arrays, by the symbols of their sizes:

    r  (U, V)  rating of item v by user u
    c  (U, V)  1 if that rating is known, else 0
    P  (U, F)  factors of user u
    Q  (V, F)  factors of item v
    a  (U,)    bias of user u
    b  (V,)    bias of item v
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "r": ("U", "V"),
    "c": ("U", "V"),
    "P": ("U", "F"),
    "Q": ("V", "F"),
    "a": ("U",),
    "b": ("V",),
}


def cost(*, r, c, P, Q, a, b):
    """The cost J, a number."""
    r, c, P, Q, a, b = _arrays(r=r, c=c, P=P, Q=Q, a=a, b=b)
    e = _forward(r, P, Q, a, b)
    return (c * e * e).sum() / 2


def gradient(*, r, c, P, Q, a, b):
    """The gradient of the cost, by parameter: P (U, F), Q (V, F), a (U,), b (V,)."""
    r, c, P, Q, a, b = _arrays(r=r, c=c, P=P, Q=Q, a=a, b=b)
    e = _forward(r, P, Q, a, b)
    t1 = c * e
    return {
        "P": t1 @ Q,
        "Q": t1.T @ P,
        "a": t1.sum(axis=1),
        "b": t1.sum(axis=0),
    }


def _forward(r, P, Q, a, b):
    """The stage that cost and gradient share: e."""
    return P @ Q.T + a[:, None] + b - r


def example(seed=0, *, F=7, U=4, V=5):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "r": rng.normal(size=(U, V)),
        "c": rng.integers(0, 2, size=(U, V)).astype(float),
        "P": rng.normal(size=(U, F)),
        "Q": rng.normal(size=(V, F)),
        "a": rng.normal(size=U),
        "b": rng.normal(size=V),
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
