"""Attention: the gradients by queries, keys and values.

    ∂J/∂Q_td = (1/T) · 1/√D · Σ_{s=1}^{S} ∂L_t/∂z_ts · K_sd
    ∂J/∂K_sd = (1/T) · 1/√D · Σₜ₌₁ᵀ ∂L_t/∂z_ts · Q_td
    ∂J/∂V_se = (1/T) Σₜ₌₁ᵀ ∂L_t/∂o_te · a_ts

Arrays, by the symbols of their sizes:

    Q  (T, D)  query t
    K  (S, D)  key s
    V  (S, E)  value s
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "Q": ("T", "D"),
    "K": ("S", "D"),
    "V": ("S", "E"),
}


def cost(*, Q, K, V, loss, dloss=None):
    """The cost J, a number."""
    Q, K, V = _arrays(Q=Q, K=K, V=V)
    T = Q.shape[0]
    _, o = _forward(Q, K, V)
    L = loss(o)
    return L.sum() / T


def gradient(*, Q, K, V, dloss, loss=None):
    """The gradient of the cost, by parameter: Q (T, D), K (S, D), V (S, E)."""
    Q, K, V = _arrays(Q=Q, K=K, V=V)
    T = Q.shape[0]
    D = Q.shape[1]
    a, o = _forward(Q, K, V)
    do = dloss(o)
    da = do @ V.T
    dz = (da - (da * a).sum(axis=1)[:, None]) * a
    return {
        "Q": dz @ K / (T * np.sqrt(D)),
        "K": dz.T @ Q / (T * np.sqrt(D)),
        "V": a.T @ do / T,
    }


def _forward(Q, K, V):
    """The stages that cost and gradient share: a, o."""
    D = Q.shape[1]
    z = Q @ K.T / np.sqrt(D)
    a = _softmax(z)
    o = a @ V
    return a, o


def example(seed=0, *, T=50, D=7, S=4, E=5):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "Q": rng.normal(size=(T, D)),
        "K": rng.normal(size=(S, D)),
        "V": rng.normal(size=(S, E)),
        "loss": lambda o: ((o) ** 2).sum(axis=-1) / 2,
        "dloss": lambda o: o,
    }


def _softmax(u):
    """e^u / sum(e^u) along the last axis, without overflow."""
    powers = u - u.max(axis=-1, keepdims=True)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


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
