"""A network with one hidden layer: all four gradients.

    ∂J/∂W⁽¹⁾_hj = (1/m) Σᵢ₌₁ᵐ (a⁽²⁾_i − y_i) w⁽²⁾_h [1 − (a⁽¹⁾_ih)²] x_ij
    ∂J/∂b⁽¹⁾_h = (1/m) Σᵢ₌₁ᵐ (a⁽²⁾_i − y_i) w⁽²⁾_h [1 − (a⁽¹⁾_ih)²]
    ∂J/∂w⁽²⁾_h = (1/m) Σᵢ₌₁ᵐ (a⁽²⁾_i − y_i) a⁽¹⁾_ih
    ∂J/∂b⁽²⁾ = (1/m) Σᵢ₌₁ᵐ (a⁽²⁾_i − y_i)

Arrays, by the symbols of their sizes:

    x   (m, n)  feature j of example i
    y   (m,)    label of example i, 0 or 1
    W1  (H, n)  weights of the hidden layer
    b1  (H,)    biases of the hidden layer
    w2  (H,)    weights of the output
    b2  number  bias of the output
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "x": ("m", "n"),
    "y": ("m",),
    "W1": ("H", "n"),
    "b1": ("H",),
    "w2": ("H",),
    "b2": (),
}


def cost(*, x, y, W1, b1, w2, b2):
    """The cost J, a number."""
    x, y, W1, b1, w2, b2 = _arrays(x=x, y=y, W1=W1, b1=b1, w2=w2, b2=b2)
    m = x.shape[0]
    _, z2 = _forward(x, W1, b1, w2, b2)
    L = y * np.logaddexp(0.0, -z2) + (1 - y) * np.logaddexp(0.0, z2)
    return L.sum() / m


def gradient(*, x, y, W1, b1, w2, b2):
    """The gradient of the cost, by parameter: W1 (H, n), b1 (H,), w2 (H,), b2 number."""
    x, y, W1, b1, w2, b2 = _arrays(x=x, y=y, W1=W1, b1=b1, w2=w2, b2=b2)
    m = x.shape[0]
    a1, z2 = _forward(x, W1, b1, w2, b2)
    a2 = _sigmoid(z2)
    dz2 = a2 - y
    dz1 = np.outer(dz2, w2) * (1 - a1**2)
    return {
        "W1": dz1.T @ x / m,
        "b1": dz1.sum(axis=0) / m,
        "w2": a1.T @ dz2 / m,
        "b2": dz2.sum() / m,
    }


def _forward(x, W1, b1, w2, b2):
    """The stages that cost and gradient share: a1, z2."""
    z1 = x @ W1.T + b1
    a1 = np.tanh(z1)
    z2 = a1 @ w2 + b2
    return a1, z2


def example(seed=0, *, m=50, n=7, H=4):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(m, n)),
        "y": rng.integers(0, 2, size=m).astype(float),
        "W1": rng.normal(size=(H, n)),
        "b1": rng.normal(size=H),
        "w2": rng.normal(size=H),
        "b2": rng.normal(),
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
