"""InfoNCE: the gradients by queries and keys.

    ∂J/∂a_id = (1/(m τ)) (Σⱼ₌₁ᵐ p_ij b_jd − b_id)
    ∂J/∂b_jd = (1/(m τ)) (Σᵢ₌₁ᵐ p_ij a_id − a_jd)

Arrays, by the symbols of their sizes:

    a    (m, D)  query i
    b    (m, D)  key j
    tau  number  temperature
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "a": ("m", "D"),
    "b": ("m", "D"),
    "tau": (),
}


def cost(*, a, b, tau):
    """The cost J, a number."""
    a, b, tau = _arrays(a=a, b=b, tau=tau)
    m = a.shape[0]
    s = _forward(a, b, tau)
    L = -(np.diagonal(s) - _logsumexp(s))
    return L.sum() / m


def gradient(*, a, b, tau):
    """The gradient of the cost, by parameter: a (m, D), b (m, D)."""
    a, b, tau = _arrays(a=a, b=b, tau=tau)
    m = a.shape[0]
    s = _forward(a, b, tau)
    p = _softmax(s)
    return {
        "a": (p @ b - b) / (m * tau),
        "b": (p.T @ a - a) / (m * tau),
    }


def _forward(a, b, tau):
    """The stage that cost and gradient share: s."""
    return a @ b.T / tau


def example(seed=0, *, D=7, m=4):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "a": rng.normal(size=(m, D)),
        "b": rng.normal(size=(m, D)),
        "tau": rng.uniform(0.5, 2.0),
    }


def _softmax(u):
    """e^u / sum(e^u) along the last axis, without overflow."""
    powers = u - u.max(axis=-1, keepdims=True)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


def _logsumexp(u):
    """ln(sum(e^u)) along the last axis, without overflow."""
    top = u.max(axis=-1, keepdims=True)
    return np.log(np.exp(u - top).sum(axis=-1)) + top[..., 0]


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
