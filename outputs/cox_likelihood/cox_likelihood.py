"""Cox regression: the gradient of the partial likelihood.

    ∂J/∂w_d = −Σᵢ₌₁ᵐ e_i (x_id − 1/S_i · Σⱼ₌₁ᵐ R_ij exp(z_j) x_jd)

Arrays, by the symbols of their sizes:

    x  (m, n)  covariate d of subject i
    R  (m, m)  1 if j is still at risk at the time of i
    e  (m,)    1 if the event was seen, 0 if censored
    w  (n,)    coefficients
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "x": ("m", "n"),
    "R": ("m", "m"),
    "e": ("m",),
    "w": ("n",),
}


def cost(*, x, R, e, w):
    """The cost J, a number."""
    x, R, e, w = _arrays(x=x, R=R, e=e, w=w)
    z, S = _forward(x, R, w)
    return -e @ (z - np.log(S))


def gradient(*, x, R, e, w):
    """The gradient of the cost, by parameter: w (n,)."""
    x, R, e, w = _arrays(x=x, R=R, e=e, w=w)
    z, S = _forward(x, R, w)
    return {
        "w": -(x - (np.outer(1 / S, np.exp(z)) * R) @ x).T @ e,
    }


def _forward(x, R, w):
    """The stages that cost and gradient share: z, S."""
    z = x @ w
    S = R @ np.exp(z)
    return z, S


def example(seed=0, *, m=2, n=7):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(m, n)),
        "R": rng.integers(0, 2, size=(m, m)).astype(float),
        "e": rng.integers(0, 2, size=m).astype(float),
        "w": rng.normal(size=n),
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
