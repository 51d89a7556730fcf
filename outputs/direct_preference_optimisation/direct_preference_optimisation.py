"""Direct preference optimisation: the gradient by the log-probabilities.

    ∂J/∂a_i = (β/m) (p_i − 1)
    ∂J/∂b_i = −(β/m) (p_i − 1)

Arrays, by the symbols of their sizes:

    c     (m,)    log-probability of the preferred answer under the reference
    d     (m,)    log-probability of the other answer under the reference
    a     (m,)    log-probability of the preferred answer
    b     (m,)    log-probability of the other answer
    beta  number  strength
"""

import numpy as np

__all__ = ["cost", "example", "gradient"]

# The axes of each array, by the symbols of their sizes.
_AXES = {
    "c": ("m",),
    "d": ("m",),
    "a": ("m",),
    "b": ("m",),
    "beta": (),
}


def cost(*, c, d, a, b, beta):
    """The cost J, a number."""
    c, d, a, b, beta = _arrays(c=c, d=d, a=a, b=b, beta=beta)
    m = c.shape[0]
    z = _forward(c, d, a, b, beta)
    L = np.logaddexp(0.0, -z)
    return L.sum() / m


def gradient(*, c, d, a, b, beta):
    """The gradient of the cost, by parameter: a (m,), b (m,)."""
    c, d, a, b, beta = _arrays(c=c, d=d, a=a, b=b, beta=beta)
    m = c.shape[0]
    z = _forward(c, d, a, b, beta)
    p = _sigmoid(z)
    t1 = p - 1
    return {
        "a": beta * t1 / m,
        "b": -beta * t1 / m,
    }


def _forward(c, d, a, b, beta):
    """The stage that cost and gradient share: z."""
    return beta * (a - c) - beta * (b - d)


def example(seed=0, *, m=50):
    """Random arguments for cost and gradient, inside the declared domains."""
    rng = np.random.default_rng(seed)
    return {
        "c": rng.normal(size=m),
        "d": rng.normal(size=m),
        "a": rng.normal(size=m),
        "b": rng.normal(size=m),
        "beta": rng.uniform(0.5, 2.0),
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
