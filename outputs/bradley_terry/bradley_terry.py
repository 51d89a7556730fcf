"""Bradley–Terry: the gradient by the strengths.

    ∂J/∂s_i = Σₖ₌₁ⁿ c_ki (1 − p_ki) − Σⱼ₌₁ⁿ c_ij (1 − p_ij)

Arrays, by the symbols of their sizes:

    c  (n, n)  how often i was preferred to j
    s  (n,)    strength of i
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "c": ("n", "n"),
    "s": ("n",),
}


def cost(*, c, s):
    """The cost J, a number."""
    c, s = _arrays(c=c, s=s)
    return -(-np.logaddexp(0.0, -(s[:, None] - s)) * c).sum()


def gradient(*, c, s):
    """The gradient of the cost, by parameter: s (n,)."""
    c, s = _arrays(c=c, s=s)
    p = _sigmoid(s[:, None] - s)
    t1 = c * (1 - p)
    return {
        "s": t1.sum(axis=0) - t1.sum(axis=1),
    }


def example(seed=0, *, n=7):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "c": rng.uniform(0.5, 2.0, size=(n, n)),
        "s": rng.normal(size=n),
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
