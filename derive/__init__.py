"""Symbolic derivation of gradients: every step shown, named, justified and checked.

>>> import derive
>>> d = derive.gradient("logistic_regression", wrt="w")
>>> print(d.result)
(1/m) Σᵢ₌₁ᵐ (a_i − y_i) x_ij

Everything documented here is loaded when it is first used, so that ``import derive`` is cheap.
"""

from __future__ import annotations

# Type checkers take this for true (PEP 484); importing it from typing would cost start-up time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from derive import catalogue as catalogue
    from derive import errors as errors
    from derive.errors import CheckFailed, DeriveError, InputError, Unsupported
    from derive.exporters.json import read as from_json
    from derive.gradients import Derivation, gradient
    from derive.language import (
        absolute,
        arctan,
        clip,
        constant,
        cos,
        cosh,
        data,
        define,
        det,
        digamma,
        elu,
        erf,
        exp,
        fact,
        family,
        function,
        gamma,
        gelu,
        greater,
        hinge,
        huber,
        hyperparameter,
        indices,
        inverse,
        leaky_relu,
        ln,
        log2,
        log_cosh,
        log_gamma,
        log_softmax,
        logdet,
        logsumexp,
        maximum,
        mean,
        minimum,
        mlp,
        normal_cdf,
        normal_density,
        parameter,
        parameters,
        pi,
        problem,
        relu,
        selu,
        sigmoid,
        sign,
        silu,
        sin,
        sinh,
        size,
        softmax,
        softplus,
        sqrt,
        sum,  # noqa: A004 - the textbook's name; used qualified, as derive.sum
        tan,
        tanh,
    )
    from derive.language import constant as stop_gradient
    from derive.model import Problem
    from derive.second_order import (
        gradient_penalty,
        hessian,
        hessian_vector_product,
        jacobian,
    )
    from derive.sympy_input import from_sympy
    from derive.tracing import trace

__version__ = "0.1.0"

__all__ = [
    "CheckFailed",
    "Derivation",
    "DeriveError",
    "InputError",
    "Problem",
    "Unsupported",
    "__version__",
    "absolute",
    "arctan",
    "catalogue",
    "clip",
    "constant",
    "cos",
    "cosh",
    "data",
    "define",
    "det",
    "digamma",
    "elu",
    "erf",
    "errors",
    "exp",
    "fact",
    "family",
    "from_json",
    "from_sympy",
    "function",
    "gamma",
    "gelu",
    "gradient",
    "gradient_penalty",
    "greater",
    "hessian",
    "hessian_vector_product",
    "hinge",
    "huber",
    "hyperparameter",
    "indices",
    "inverse",
    "jacobian",
    "leaky_relu",
    "ln",
    "log2",
    "log_cosh",
    "log_gamma",
    "log_softmax",
    "logdet",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "mlp",
    "normal_cdf",
    "normal_density",
    "parameter",
    "parameters",
    "pi",
    "problem",
    "relu",
    "selu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "size",
    "softmax",
    "softplus",
    "sqrt",
    "stop_gradient",
    "sum",
    "tan",
    "tanh",
    "trace",
]

#: The module of each name that is not from the authors' language, and its name there.
_ELSEWHERE = {
    "CheckFailed": ("derive.errors", "CheckFailed"),
    "Derivation": ("derive.gradients", "Derivation"),
    "DeriveError": ("derive.errors", "DeriveError"),
    "InputError": ("derive.errors", "InputError"),
    "Problem": ("derive.model", "Problem"),
    "Unsupported": ("derive.errors", "Unsupported"),
    "from_json": ("derive.exporters.json", "read"),
    "from_sympy": ("derive.sympy_input", "from_sympy"),
    "gradient": ("derive.gradients", "gradient"),
    "gradient_penalty": ("derive.second_order", "gradient_penalty"),
    "hessian": ("derive.second_order", "hessian"),
    "hessian_vector_product": ("derive.second_order", "hessian_vector_product"),
    "jacobian": ("derive.second_order", "jacobian"),
    "stop_gradient": ("derive.language", "constant"),
    "trace": ("derive.tracing", "trace"),
}
_MODULES = ("catalogue", "errors")


if not TYPE_CHECKING:  # so that a type checker still reports a name that isn't there

    def __getattr__(name: str) -> object:
        """Load a public name when it is first asked for (PEP 562)."""
        if name not in __all__:
            raise AttributeError(f"derive has no {name!r}{_hint(name)}")
        from importlib import import_module

        if name in _MODULES:
            return import_module(f"derive.{name}")
        module, attribute = _ELSEWHERE.get(name, ("derive.language", name))
        value = getattr(import_module(module), attribute)
        globals()[name] = value  # the next look-up finds it at once
        return value


def _hint(name: str) -> str:
    from difflib import get_close_matches

    if name == "log":
        return "; the natural logarithm is derive.ln"
    near = get_close_matches(name, __all__, n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def __dir__() -> list[str]:
    return sorted(__all__)
