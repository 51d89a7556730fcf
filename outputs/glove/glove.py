"""GloVe: the gradients by word vectors, context vectors and biases.

    ∂J/∂w_id = 2 Σⱼ₌₁ⱽ f_ij e_ij c_jd
    ∂J/∂c_jd = 2 Σᵢ₌₁ⱽ f_ij e_ij w_id
    ∂J/∂a_i = 2 Σⱼ₌₁ⱽ f_ij e_ij
    ∂J/∂b_j = 2 Σᵢ₌₁ⱽ f_ij e_ij

Arrays, by the symbols of their sizes:

    X  (V, V)  how often word j occurs near word i
    f  (V, V)  weight of that pair
    w  (V, D)  vector of word i
    c  (V, D)  vector of word j as context
    a  (V,)    bias of word i
    b  (V,)    bias of word j as context
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "X": ("V", "V"),
    "f": ("V", "V"),
    "w": ("V", "D"),
    "c": ("V", "D"),
    "a": ("V",),
    "b": ("V",),
}


def cost(*, X, f, w, c, a, b):
    """The cost J, a number."""
    X, f, w, c, a, b = _arrays(X=X, f=f, w=w, c=c, a=a, b=b)
    e = _forward(X, w, c, a, b)
    return (f * e * e).sum()


def gradient(*, X, f, w, c, a, b):
    """The gradient of the cost, by parameter: w (V, D), c (V, D), a (V,), b (V,)."""
    X, f, w, c, a, b = _arrays(X=X, f=f, w=w, c=c, a=a, b=b)
    e = _forward(X, w, c, a, b)
    t1 = f * e
    return {
        "w": 2 * (t1 @ c),
        "c": 2 * (t1.T @ w),
        "a": 2 * t1.sum(axis=1),
        "b": 2 * t1.sum(axis=0),
    }


def _forward(X, w, c, a, b):
    """The stage that cost and gradient share: e."""
    return w @ c.T + a[:, None] + b - np.log(X)


def example(seed=0, *, D=7, V=4):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "X": rng.uniform(0.5, 2.0, size=(V, V)),
        "f": rng.uniform(0.5, 2.0, size=(V, V)),
        "w": rng.normal(size=(V, D)),
        "c": rng.normal(size=(V, D)),
        "a": rng.normal(size=V),
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
