"""Label smoothing: the gradient of the mean cross-entropy.

    ∂J/∂W_kj = (1/m) Σᵢ₌₁ᵐ (p_ik − t_ik) x_ij
    ∂J/∂b_k = (1/m) Σᵢ₌₁ᵐ (p_ik − t_ik)

Arrays, by the symbols of their sizes:

    y        (m, K)  1 if example i is of class k, else 0
    x        (m, n)  feature j of example i
    W        (K, n)  weights
    b        (K,)    biases
    epsilon  number  part of the label that is spread
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "y": ("m", "K"),
    "x": ("m", "n"),
    "W": ("K", "n"),
    "b": ("K",),
    "epsilon": (),
}


def cost(*, y, x, W, b, epsilon):
    """The cost J, a number."""
    y, x, W, b, epsilon = _arrays(y=y, x=x, W=W, b=b, epsilon=epsilon)
    m = y.shape[0]
    t, z = _forward(y, x, W, b, epsilon)
    L = -(t * _log_softmax(z)).sum(axis=1)
    return L.sum() / m


def gradient(*, y, x, W, b, epsilon):
    """The gradient of the cost, by parameter: W (K, n), b (K,)."""
    y, x, W, b, epsilon = _arrays(y=y, x=x, W=W, b=b, epsilon=epsilon)
    m = y.shape[0]
    t, z = _forward(y, x, W, b, epsilon)
    p = _softmax(z)
    dz = p - t
    return {
        "W": dz.T @ x / m,
        "b": dz.sum(axis=0) / m,
    }


def _forward(y, x, W, b, epsilon):
    """The stages that cost and gradient share: t, z."""
    K = y.shape[1]
    t = (1 - epsilon) * y + epsilon / K
    z = x @ W.T + b
    return t, z


def example(seed=0, *, m=50, K=3, n=7):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "y": np.eye(K)[rng.integers(0, K, size=m)],
        "x": rng.normal(size=(m, n)),
        "W": rng.normal(size=(K, n)),
        "b": rng.normal(size=K),
        "epsilon": rng.uniform(0.05, 0.95),
    }


def _softmax(u):
    """e^u / sum(e^u) along the last axis, without overflow."""
    powers = u - u.max(axis=-1, keepdims=True)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


def _log_softmax(u):
    """ln(e^u / sum(e^u)) along the last axis, without overflow."""
    shifted = u - u.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


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
