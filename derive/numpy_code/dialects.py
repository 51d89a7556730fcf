"""How NumPy, PyTorch and JAX write the same operation.

A dialect is data: one template for each operation on arrays, one for each function that is not
written as :data:`derive.functions.FUNCTIONS` has it, and the helpers that a module defines for
itself. In the templates ``{u}``, ``{v}`` and ``{w}`` are the operands and ``{like}`` is an array
that is given, whose type of number (and, in PyTorch, device) a new array takes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from derive.errors import Unsupported
from derive.functions import FUNCTIONS

__all__ = ["JAX", "NUMPY", "TORCH", "Dialect"]


@dataclass(frozen=True)
class Dialect:
    """One library in which a module is written.

    Attributes:
        name: what users call it.
        prefix: what stands for ``np.`` where the name behind it is the same.
        functions: templates by the function's name; the others are those of NumPy with ``prefix``.
        operations: templates of the operations on whole arrays.
        helpers: functions of the generated module, by the name that follows their underscore.
        same_names: NumPy's names that may follow ``prefix``; ``None`` if all may.
        wraps_numbers: whether functions take arrays alone, so that a number is made one.
    """

    name: str
    prefix: str
    functions: Mapping[str, str]
    operations: Mapping[str, str]
    helpers: Mapping[str, str] = field(default_factory=dict)
    same_names: frozenset[str] | None = None
    wraps_numbers: bool = False

    def function(self, name: str) -> str:
        """The template of a function of numbers.

        Raises:
            Unsupported: the function has no form in this dialect.

        >>> NUMPY.function("tanh"), TORCH.function("tanh"), JAX.function("tanh")
        ('np.tanh({u})', 'torch.tanh({u})', 'jnp.tanh({u})')
        """
        if name in self.functions:
            return self.functions[name]
        written = FUNCTIONS[name].numpy
        used = set(re.findall(r"\bnp\.(\w+)", written)) | set(re.findall(r"\b(_\w+)\(", written))
        if self.same_names is not None and not used <= self.same_names:
            raise Unsupported(
                f"the function {name} has no form in {self.name}: it needs a line in "
                "derive/numpy_code/dialects.py"
            )
        return re.sub(r"\bnp\.", self.prefix, written)

    def operation(self, name: str, **operands: str) -> str:
        """An operation on whole arrays, written out.

        >>> TORCH.operation("ones", extent="m", like="x")
        'torch.ones(m, dtype=x.dtype, device=x.device)'
        """
        return self.operations[name].format(**operands)


_NUMPY_HELPERS: dict[str, str] = {
    "sigmoid": '''\
def _sigmoid(u):
    """1 / (1 + e^(-u)), without overflow: beyond e^709 the quotient is 0 in any case."""
    return 1.0 / (1.0 + np.exp(np.minimum(-u, 709.0)))
''',
    "softmax": '''\
def _softmax(u):
    """e^u / sum(e^u) along the last axis, without overflow."""
    powers = u - u.max(axis=-1, keepdims=True)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers
''',
    "log_softmax": '''\
def _log_softmax(u):
    """ln(e^u / sum(e^u)) along the last axis, without overflow."""
    shifted = u - u.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted
''',
    "logsumexp": '''\
def _logsumexp(u):
    """ln(sum(e^u)) along the last axis, without overflow."""
    top = u.max(axis=-1, keepdims=True)
    return np.log(np.exp(u - top).sum(axis=-1)) + top[..., 0]
''',
    "erf": '''\
def _erf(u):
    """The error function, of each element."""
    return np.vectorize(math.erf, otypes=[float])(u)
''',
    "normal_cdf": '''\
def _normal_cdf(u):
    """The standard normal distribution function, of each element."""
    return 0.5 * np.vectorize(math.erfc, otypes=[float])(-np.asarray(u) / math.sqrt(2.0))
''',
    "gamma": '''\
def _gamma(u):
    """The gamma function, of each element."""
    return np.vectorize(math.gamma, otypes=[float])(u)
''',
    "log_gamma": '''\
def _log_gamma(u):
    """The logarithm of the gamma function, of each element."""
    return np.vectorize(math.lgamma, otypes=[float])(u)
''',
    "polygamma": '''\
def _polygamma(order, u):
    """The derivative of that order of the digamma function, of each positive element: moved up
    by its recurrence, then the asymptotic series (Abramowitz and Stegun, 6.4.11)."""
    u = np.asarray(u, dtype=float)
    sign, total = (-1.0) ** (order + 1), np.zeros_like(u)
    for _ in range(20):
        total += sign * math.factorial(order) / u ** (order + 1)
        u = u + 1.0
    tail = math.factorial(order) / (2.0 * u ** (order + 1))
    tail += -np.log(u) if order == 0 else math.factorial(order - 1) / u**order
    for k, bernoulli in enumerate((1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730), start=1):
        ratio = math.factorial(2 * k + order - 1) / math.factorial(2 * k)
        tail += bernoulli * ratio / u ** (2 * k + order)
    return total + sign * tail
''',
}

NUMPY = Dialect(
    name="NumPy",
    prefix="np.",
    functions={
        "sigmoid": "_sigmoid({u})",
        "silu": "{u} * _sigmoid({u})",
        "softmax": "_softmax({u})",
        "log_softmax": "_log_softmax({u})",
        "log_sigmoid": "-np.logaddexp(0.0, {minus_u})",
        "logsumexp": "_logsumexp({u})",
        "greater at its jump": "np.heaviside({u} - {v}, {value})",
        "sign at its jump": "np.where({u} == 0, {value}, np.sign({u}))",
    },
    operations={
        "ones": "np.ones({extent})",
        "range": "np.arange({extent})",
        "clipped": "np.clip({u}, 0, {v} - 1)",
        "as numbers": "({u}).astype(float)",
        "identity": "np.eye({extent})",
        "diagonal matrix": "np.diag({u})",
        "diagonal": "np.diagonal({u})",
        "inverse": "np.linalg.inv({u})",
        "determinant": "np.linalg.det({u})",
        "log-determinant": "np.linalg.slogdet({u})[1]",
        "trace": "np.trace({u})",
        "outer product": "np.outer({u}, {v})",
        "axes": "{u}.transpose({order})",
        "einsum": 'np.einsum("{signature}", {operands})',
        "einsum of many": 'np.einsum("{signature}", {operands}, optimize=True)',
    },
    helpers=_NUMPY_HELPERS,
)

TORCH = Dialect(
    name="PyTorch",
    prefix="torch.",
    functions={
        "sigmoid": "torch.sigmoid({u})",
        "silu": "{u} * torch.sigmoid({u})",
        # Not softplus of torch.nn.functional, which is u itself beyond a threshold.
        "softplus": "_softplus({u})",
        "softmax": "torch.softmax({u}, dim=-1)",
        "log_softmax": "torch.log_softmax({u}, dim=-1)",
        "log_sigmoid": "-_softplus({minus_u})",
        "logsumexp": "torch.logsumexp({u}, dim=-1)",
        "log_cosh": "torch.logaddexp({u}, -{u}) - math.log(2)",
        "erf": "torch.erf({u})",
        "normal_cdf": "torch.special.ndtr({u})",
        "normal_density": "torch.exp(-torch.square({u}) / 2) / math.sqrt(2 * math.pi)",
        "gelu": "{u} * torch.special.ndtr({u})",
        "gamma": "torch.exp(torch.lgamma({u}))",
        "log_gamma": "torch.lgamma({u})",
        "digamma": "torch.digamma({u})",
        "polygamma": "torch.polygamma({order}, {v})",
        "relu": "torch.relu({u})",
        "elu": "torch.where({u} > 0, {u}, {v} * torch.expm1(torch.clamp({u}, max=0.0)))",
        "selu": "1.0507009873554805 * torch.where({u} > 0, {u},"
        " 1.6732632423543772 * torch.expm1(torch.clamp({u}, max=0.0)))",
        "greater": "({u} > {v}).to({like}.dtype)",
        "pi": "math.pi",
        "greater at its jump": "torch.heaviside({u} - {v}, {like}.new_tensor({value}))",
        "sign at its jump": "torch.where({u} == 0, {value}, torch.sign({u}))",
    },
    operations={
        "ones": "torch.ones({extent}, dtype={like}.dtype, device={like}.device)",
        "range": "torch.arange({extent}, device={like}.device)",
        "clipped": "torch.clip({u}, 0, {v} - 1)",
        "as numbers": "({u}).to({like}.dtype)",
        "identity": "torch.eye({extent}, dtype={like}.dtype, device={like}.device)",
        "diagonal matrix": "torch.diag({u})",
        "diagonal": "torch.diagonal({u})",
        "inverse": "torch.linalg.inv({u})",
        "determinant": "torch.linalg.det({u})",
        "log-determinant": "torch.linalg.slogdet({u})[1]",
        "trace": "torch.trace({u})",
        "outer product": "torch.outer({u}, {v})",
        "axes": "{u}.permute({order})",
        "einsum": 'torch.einsum("{signature}", {operands})',
        "einsum of many": 'torch.einsum("{signature}", {operands})',
        "number": "{like}.new_tensor({u})",
        "constant": "({u}).detach()",
    },
    helpers={
        "softplus": '''\
def _softplus(u):
    """ln(1 + e^u), without overflow."""
    return torch.logaddexp(torch.zeros_like(u), u)
''',
    },
    same_names=frozenset(
        {
            "abs",
            "arctan",
            "clip",
            "cos",
            "cosh",
            "exp",
            "log",
            "log2",
            "maximum",
            "minimum",
            "sign",
            "sin",
            "sinh",
            "sqrt",
            "square",
            "tan",
            "tanh",
            "where",
        }
    ),
    wraps_numbers=True,
)

JAX = Dialect(
    name="JAX",
    prefix="jnp.",
    functions={
        "sigmoid": "jax.nn.sigmoid({u})",
        "silu": "{u} * jax.nn.sigmoid({u})",
        "softmax": "jax.nn.softmax({u}, axis=-1)",
        "log_softmax": "jax.nn.log_softmax({u}, axis=-1)",
        "log_sigmoid": "-jnp.logaddexp(0.0, {minus_u})",
        "logsumexp": "jax.nn.logsumexp({u}, axis=-1)",
        "erf": "jax.scipy.special.erf({u})",
        "normal_cdf": "jax.scipy.special.ndtr({u})",
        "gelu": "{u} * jax.scipy.special.ndtr({u})",
        "gamma": "jnp.exp(jax.scipy.special.gammaln({u}))",
        "log_gamma": "jax.scipy.special.gammaln({u})",
        "digamma": "jax.scipy.special.digamma({u})",
        "polygamma": "jax.scipy.special.polygamma({order}, {v})",
        "greater at its jump": "jnp.heaviside({u} - {v}, {value})",
        "sign at its jump": "jnp.where({u} == 0, {value}, jnp.sign({u}))",
    },
    operations={
        "ones": "jnp.ones({extent}, dtype={like}.dtype)",
        "range": "jnp.arange({extent})",
        "clipped": "jnp.clip({u}, 0, {v} - 1)",
        "as numbers": "({u}).astype({like}.dtype)",
        "identity": "jnp.eye({extent}, dtype={like}.dtype)",
        "diagonal matrix": "jnp.diag({u})",
        "diagonal": "jnp.diagonal({u})",
        "inverse": "jnp.linalg.inv({u})",
        "determinant": "jnp.linalg.det({u})",
        "log-determinant": "jnp.linalg.slogdet({u})[1]",
        "trace": "jnp.trace({u})",
        "outer product": "jnp.outer({u}, {v})",
        "axes": "{u}.transpose({order})",
        "einsum": 'jnp.einsum("{signature}", {operands})',
        "einsum of many": 'jnp.einsum("{signature}", {operands})',
        "constant": "jax.lax.stop_gradient({u})",
    },
    same_names=frozenset(
        {
            "abs",
            "arctan",
            "clip",
            "cos",
            "cosh",
            "exp",
            "expm1",
            "log",
            "log2",
            "logaddexp",
            "maximum",
            "minimum",
            "pi",
            "sign",
            "sin",
            "sinh",
            "sqrt",
            "square",
            "tan",
            "tanh",
            "where",
        }
    ),
)
