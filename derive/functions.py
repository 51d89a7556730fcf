"""The scalar functions that a cost can be written with.

A function is a few declarative lines: how it prints, its value at high precision, its partial
derivatives in terms of its arguments or of its own output, where it is defined, where it has a
kink, and how NumPy and SymPy write it. The declared derivatives are checked against the value by
the test sweep, and in every derivation that uses them.

Functions with a kink (ReLU, the absolute value, the larger of two) are differentiated off it. What
stands in the derivative is then a function that jumps there, ``1[u > v]`` or ``sign u``; what it
counts as at the jump is a convention, which the problem states
(:attr:`derive.model.Problem.conventions`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from derive.errors import Unsupported
from derive.terms import ONE, ZERO, Apply, Number, Term, add, multiply, negate, power, reciprocal

__all__ = ["FUNCTIONS", "ScalarFunction", "apply", "kinks"]


@dataclass(frozen=True)
class ScalarFunction:
    """One named function of real arguments; one of no arguments is a constant, as π is.

    Attributes:
        name: the name in Python and in :class:`~derive.terms.Apply`.
        latex, text: the operator as LaTeX and as Unicode text.
        derivatives: for each argument, from the arguments ``u, v, …`` and the output ``f(u, v, …)``
            to the partial derivative by it.
        law: the derivative as a reader knows it, in LaTeX.
        value: ``f(u, v, …)`` in :class:`decimal.Decimal`, at the precision of the context.
        numpy: the NumPy expression, stable for large arguments, which may call the helpers of
            :mod:`derive.numpy_code`; ``{u}``, ``{v}`` and ``{w}`` stand
            for the arguments, already in parentheses where that is needed.
        sympy: the SymPy expression, given the ``sympy`` module and the arguments.
        positive: which argument must be positive, counted from 0; ``None`` if none need be.
        kinks: from the arguments to terms; where one of them is zero the function has a kink or a
            jump, and no derivative.
    """

    name: str
    latex: str
    text: str
    derivatives: tuple[Callable[..., Term], ...]
    law: str
    value: Callable[..., Decimal]
    numpy: str
    sympy: Callable[..., Any]
    positive: int | None = None
    kinks: Callable[..., tuple[Term, ...]] | None = None

    @property
    def arity(self) -> int:
        """How many arguments it takes."""
        return len(self.derivatives)


def _number(value: int) -> Number:
    return Number(Fraction(value))


def apply(name: str, *arguments: Term) -> Apply:
    """The function called ``name`` applied to ``arguments``."""
    return Apply(name, arguments)


def kinks(term: Term) -> tuple[Term, ...]:
    """The terms at whose zeros the outermost function of ``term`` has no derivative.

    >>> from derive.terms import Ref
    >>> [str(each) for each in kinks(apply("max", Ref("u"), Ref("v")))]
    ['u − v']
    """
    if not isinstance(term, Apply) or term.function not in FUNCTIONS:
        return ()
    function = FUNCTIONS[term.function]
    return () if function.kinks is None else function.kinks(*term.arguments)


def _sigmoid(u: Decimal) -> Decimal:
    return 1 / (1 + (-u).exp())


def _tanh(u: Decimal) -> Decimal:
    return 1 - 2 / ((2 * u).exp() + 1)


def _by_mpmath(name: str, *before: int) -> Callable[[Decimal], Decimal]:
    """The function of that name in mpmath, at the decimal context's precision; ``before`` are
    arguments in front of its own."""

    def value(u: Decimal) -> Decimal:
        from decimal import getcontext

        import mpmath

        with mpmath.workdps(getcontext().prec + 5):
            result = getattr(mpmath, name)(*before, mpmath.mpf(str(u)))
            return +Decimal(mpmath.nstr(result, getcontext().prec + 3))

    return value


_normal_cdf = _by_mpmath("ncdf")
_normal_density = _by_mpmath("npdf")


def _minus(u: Term, v: Term) -> Term:
    """``u − v``."""
    return add(u, negate(v))


def _positive(u: Term) -> Term:
    """``1[u > 0]``."""
    return apply("greater", u, ZERO)


def _silu(u: Decimal) -> Decimal:
    return u * _sigmoid(u)


def _gelu(u: Decimal) -> Decimal:
    return u * _normal_cdf(u)


def _polygamma(order: Decimal, u: Decimal) -> Decimal:
    return _by_mpmath("psi", int(order))(u)


def _next_polygamma(order: Term, u: Term, out: Term) -> Term:
    if not isinstance(order, Number):
        raise Unsupported(f"the order {order} of a polygamma function must be a number")
    return apply("polygamma", Number(order.value + 1), u)


def _no_order(order: Term, u: Term, out: Term) -> Term:
    raise Unsupported(f"there is no derivative of {out} by its order")


def _pi() -> Decimal:
    return _by_mpmath("acos")(Decimal(-1))


# Klambauer et al., Self-Normalizing Neural Networks (2017), to double precision, as libraries have
# them.
_SELU_SCALE = Decimal("1.0507009873554804934193349852946")
_SELU_ALPHA = Decimal("1.6732632423543772848170429916717")


def _selu(u: Decimal) -> Decimal:
    return _SELU_SCALE * _elu(u, _SELU_ALPHA)


def _elu(u: Decimal, alpha: Decimal) -> Decimal:
    return u if u > 0 else alpha * (u.exp() - 1)


def _huber(u: Decimal, delta: Decimal) -> Decimal:
    return u * u / 2 if abs(u) <= delta else delta * (abs(u) - delta / 2)


def _log_cosh(u: Decimal) -> Decimal:
    return abs(u) + ((1 + (-2 * abs(u)).exp()) / 2).ln()


_ALL = (
    ScalarFunction(
        name="exp",
        latex=r"\exp",
        text="exp",
        derivatives=(lambda u, out: out,),
        law=r"\left(e^{u}\right)' = e^{u}\,u'",
        value=lambda u: u.exp(),
        numpy="np.exp({u})",
        sympy=lambda sp, u: sp.exp(u),
    ),
    ScalarFunction(
        name="ln",
        latex=r"\ln",
        text="ln",
        derivatives=(lambda u, out: reciprocal(u),),
        law=r"(\ln u)' = u'/u",
        value=lambda u: u.ln(),
        numpy="np.log({u})",
        sympy=lambda sp, u: sp.log(u),
        positive=0,
    ),
    ScalarFunction(
        name="sqrt",
        latex=r"\sqrt",
        text="√",
        derivatives=(lambda u, out: multiply(Number(Fraction(1, 2)), reciprocal(out)),),
        law=r"\left(\sqrt u\right)' = \frac{u'}{2\sqrt u}",
        value=lambda u: u.sqrt(),
        numpy="np.sqrt({u})",
        sympy=lambda sp, u: sp.sqrt(u),
        positive=0,
    ),
    ScalarFunction(
        name="sigmoid",
        latex=r"\sigma",
        text="σ",
        derivatives=(lambda u, out: multiply(out, add(ONE, negate(out))),),
        law=r"\sigma(u)' = \sigma(u)\,(1-\sigma(u))\,u'",
        value=_sigmoid,
        numpy="np.exp(-np.logaddexp(0.0, -{u}))",
        sympy=lambda sp, u: 1 / (1 + sp.exp(-u)),
    ),
    ScalarFunction(
        name="tanh",
        latex=r"\tanh",
        text="tanh",
        derivatives=(lambda u, out: add(ONE, negate(power(out, 2))),),
        law=r"(\tanh u)' = (1-\tanh^2 u)\,u'",
        value=_tanh,
        numpy="np.tanh({u})",
        sympy=lambda sp, u: sp.tanh(u),
    ),
    ScalarFunction(
        name="softplus",
        latex=r"\operatorname{softplus}",
        text="softplus",
        derivatives=(lambda u, out: apply("sigmoid", u),),
        law=r"\operatorname{softplus}(u)' = \sigma(u)\,u'",
        value=lambda u: (1 + u.exp()).ln() if u < 0 else u + (1 + (-u).exp()).ln(),
        numpy="np.logaddexp(0.0, {u})",
        sympy=lambda sp, u: sp.log(1 + sp.exp(u)),
    ),
    ScalarFunction(
        name="sin",
        latex=r"\sin",
        text="sin",
        derivatives=(lambda u, out: apply("cos", u),),
        law=r"(\sin u)' = (\cos u)\,u'",
        value=_by_mpmath("sin"),
        numpy="np.sin({u})",
        sympy=lambda sp, u: sp.sin(u),
    ),
    ScalarFunction(
        name="cos",
        latex=r"\cos",
        text="cos",
        derivatives=(lambda u, out: negate(apply("sin", u)),),
        law=r"(\cos u)' = -(\sin u)\,u'",
        value=_by_mpmath("cos"),
        numpy="np.cos({u})",
        sympy=lambda sp, u: sp.cos(u),
    ),
    ScalarFunction(
        name="sinh",
        latex=r"\sinh",
        text="sinh",
        derivatives=(lambda u, out: apply("cosh", u),),
        law=r"(\sinh u)' = (\cosh u)\,u'",
        value=lambda u: (u.exp() - (-u).exp()) / 2,
        numpy="np.sinh({u})",
        sympy=lambda sp, u: sp.sinh(u),
    ),
    ScalarFunction(
        name="cosh",
        latex=r"\cosh",
        text="cosh",
        derivatives=(lambda u, out: apply("sinh", u),),
        law=r"(\cosh u)' = (\sinh u)\,u'",
        value=lambda u: (u.exp() + (-u).exp()) / 2,
        numpy="np.cosh({u})",
        sympy=lambda sp, u: sp.cosh(u),
    ),
    ScalarFunction(
        name="arctan",
        latex=r"\arctan",
        text="arctan",
        derivatives=(lambda u, out: reciprocal(add(ONE, power(u, 2))),),
        law=r"(\arctan u)' = \frac{u'}{1+u^2}",
        value=_by_mpmath("atan"),
        numpy="np.arctan({u})",
        sympy=lambda sp, u: sp.atan(u),
    ),
    ScalarFunction(
        name="log2",
        latex=r"\log_2",
        text="log₂",
        derivatives=(
            lambda u, out: multiply(reciprocal(apply("ln", Number(Fraction(2)))), reciprocal(u)),
        ),
        law=r"\left(\log_2 u\right)' = \frac{u'}{u\ln 2}",
        value=lambda u: u.ln() / Decimal(2).ln(),
        numpy="np.log2({u})",
        sympy=lambda sp, u: sp.log(u) / sp.log(2),
        positive=0,
    ),
    ScalarFunction(
        name="tan",
        latex=r"\tan",
        text="tan",
        derivatives=(lambda u, out: add(ONE, power(out, 2)),),
        law=r"(\tan u)' = (1+\tan^2 u)\,u'",
        value=_by_mpmath("tan"),
        numpy="np.tan({u})",
        sympy=lambda sp, u: sp.tan(u),
    ),
    ScalarFunction(
        name="erf",
        latex=r"\operatorname{erf}",
        text="erf",
        derivatives=(
            lambda u, out: multiply(
                Number(Fraction(2)),
                reciprocal(apply("sqrt", apply("pi"))),
                apply("exp", negate(power(u, 2))),
            ),
        ),
        law=r"\operatorname{erf}(u)' = \frac{2}{\sqrt\pi}\,e^{-u^2}\,u'",
        value=_by_mpmath("erf"),
        numpy="_erf({u})",
        sympy=lambda sp, u: sp.erf(u),
    ),
    ScalarFunction(
        name="normal_cdf",
        latex=r"\Phi",
        text="Φ",
        derivatives=(lambda u, out: apply("normal_density", u),),
        law=r"\Phi(u)' = \varphi(u)\,u'",
        value=_normal_cdf,
        numpy="_normal_cdf({u})",
        sympy=lambda sp, u: (1 + sp.erf(u / sp.sqrt(2))) / 2,
    ),
    ScalarFunction(
        name="normal_density",
        latex=r"\varphi",
        text="φ",
        derivatives=(lambda u, out: negate(multiply(u, out)),),
        law=r"\varphi(u)' = -u\,\varphi(u)\,u'",
        value=_normal_density,
        numpy="np.exp(-np.square({u}) / 2) / np.sqrt(2 * np.pi)",
        sympy=lambda sp, u: sp.exp(-(u**2) / 2) / sp.sqrt(2 * sp.pi),
    ),
    ScalarFunction(
        name="silu",
        latex=r"\operatorname{SiLU}",
        text="SiLU",
        derivatives=(lambda u, out: add(out, multiply(apply("sigmoid", u), _minus(ONE, out))),),
        law=r"\operatorname{SiLU}(u)'"
        r" = \left(\operatorname{SiLU}(u)+\sigma(u)(1-\operatorname{SiLU}(u))\right)\,u'",
        value=_silu,
        numpy="{u} * np.exp(-np.logaddexp(0.0, -{u}))",
        sympy=lambda sp, u: u / (1 + sp.exp(-u)),
    ),
    ScalarFunction(
        name="gelu",
        latex=r"\operatorname{GELU}",
        text="GELU",
        derivatives=(
            lambda u, out: add(apply("normal_cdf", u), multiply(u, apply("normal_density", u))),
        ),
        law=r"\operatorname{GELU}(u)' = \left(\Phi(u)+u\,\varphi(u)\right)\,u'",
        value=_gelu,
        numpy="{u} * _normal_cdf({u})",
        sympy=lambda sp, u: u * (1 + sp.erf(u / sp.sqrt(2))) / 2,
    ),
    ScalarFunction(
        name="log_cosh",
        latex=r"\ln\cosh",
        text="ln cosh",
        derivatives=(lambda u, out: apply("tanh", u),),
        law=r"(\ln\cosh u)' = (\tanh u)\,u'",
        value=_log_cosh,
        numpy="np.logaddexp({u}, -{u}) - np.log(2)",
        sympy=lambda sp, u: sp.log(sp.cosh(u)),
    ),
    ScalarFunction(
        name="gamma",
        latex=r"\Gamma",
        text="Γ",
        derivatives=(lambda u, out: multiply(out, apply("digamma", u)),),
        law=r"\Gamma(u)' = \Gamma(u)\,\psi(u)\,u'",
        value=_by_mpmath("gamma"),
        numpy="_gamma({u})",
        sympy=lambda sp, u: sp.gamma(u),
        positive=0,
    ),
    ScalarFunction(
        name="log_gamma",
        latex=r"\ln\Gamma",
        text="ln Γ",
        derivatives=(lambda u, out: apply("digamma", u),),
        law=r"\left(\ln\Gamma(u)\right)' = \psi(u)\,u'",
        value=_by_mpmath("loggamma"),
        numpy="_log_gamma({u})",
        sympy=lambda sp, u: sp.loggamma(u),
        positive=0,
    ),
    ScalarFunction(
        name="digamma",
        latex=r"\psi",
        text="ψ",
        derivatives=(lambda u, out: apply("polygamma", ONE, u),),
        law=r"\psi(u)' = \psi^{(1)}(u)\,u'",
        value=_by_mpmath("digamma"),
        numpy="_polygamma(0, {u})",
        sympy=lambda sp, u: sp.digamma(u),
        positive=0,
    ),
    ScalarFunction(
        name="polygamma",
        latex=r"\psi",
        text="ψ⁽ⁿ⁾",
        derivatives=(_no_order, _next_polygamma),
        law=r"\psi^{(n)}(u)' = \psi^{(n+1)}(u)\,u'",
        value=_polygamma,
        numpy="_polygamma({u}, {v})",
        sympy=lambda sp, order, u: sp.polygamma(order, u),
        positive=1,
    ),
    # With a kink or a jump -----------------------------------------------------------------------
    ScalarFunction(
        name="greater",
        latex=r"\mathbf{1}",
        text="𝟏",
        derivatives=(lambda u, v, out: ZERO, lambda u, v, out: ZERO),
        law=r"\mathbf{1}[u>v]' = 0",
        value=lambda u, v: Decimal(1 if u > v else 0),
        numpy="np.where({u} > {v}, 1.0, 0.0)",
        sympy=lambda sp, u, v: sp.Piecewise((1, u > v), (0, True)),
        kinks=lambda u, v: (_minus(u, v),),
    ),
    ScalarFunction(
        name="sign",
        latex=r"\operatorname{sign}",
        text="sign",
        derivatives=(lambda u, out: ZERO,),
        law=r"\operatorname{sign}(u)' = 0",
        value=lambda u: Decimal((u > 0) - (u < 0)),
        numpy="np.sign({u})",
        sympy=lambda sp, u: sp.Piecewise((1, u > 0), (-1, u < 0), (0, True)),
        kinks=lambda u: (u,),
    ),
    ScalarFunction(
        name="abs",
        latex=r"\operatorname{abs}",
        text="abs",
        derivatives=(lambda u, out: apply("sign", u),),
        law=r"\operatorname{abs}(u)' = \operatorname{sign}(u)\,u'",
        value=abs,
        numpy="np.abs({u})",
        sympy=lambda sp, u: sp.Piecewise((u, u > 0), (-u, True)),
        kinks=lambda u: (u,),
    ),
    ScalarFunction(
        name="relu",
        latex=r"\operatorname{ReLU}",
        text="ReLU",
        derivatives=(lambda u, out: _positive(u),),
        law=r"\operatorname{ReLU}(u)' = \mathbf{1}[u>0]\,u'",
        value=lambda u: max(u, Decimal(0)),
        numpy="np.maximum({u}, 0.0)",
        sympy=lambda sp, u: sp.Piecewise((u, u > 0), (0, True)),
        kinks=lambda u: (u,),
    ),
    ScalarFunction(
        name="leaky_relu",
        latex=r"\operatorname{LeakyReLU}",
        text="LeakyReLU",
        derivatives=(
            lambda u, slope, out: add(_positive(u), multiply(slope, _minus(ONE, _positive(u)))),
            lambda u, slope, out: multiply(u, _minus(ONE, _positive(u))),
        ),
        law=r"\operatorname{LeakyReLU}_\alpha(u)'"
        r" = \left(\mathbf{1}[u>0]+\alpha(1-\mathbf{1}[u>0])\right)\,u'",
        value=lambda u, slope: u if u > 0 else slope * u,
        numpy="np.where({u} > 0, {u}, {v} * {u})",
        sympy=lambda sp, u, slope: sp.Piecewise((u, u > 0), (slope * u, True)),
        kinks=lambda u, slope: (u,),
    ),
    ScalarFunction(
        name="elu",
        latex=r"\operatorname{ELU}",
        text="ELU",
        derivatives=(
            lambda u, alpha, out: add(
                _positive(u), multiply(_minus(ONE, _positive(u)), add(out, alpha))
            ),
            lambda u, alpha, out: multiply(_minus(ONE, _positive(u)), _minus(apply("exp", u), ONE)),
        ),
        law=r"\operatorname{ELU}_\alpha(u)'"
        r" = \left(\mathbf{1}[u>0]+(1-\mathbf{1}[u>0])"
        r"(\operatorname{ELU}_\alpha(u)+\alpha)\right)\,u'",
        value=_elu,
        numpy="np.where({u} > 0, {u}, {v} * np.expm1(np.minimum({u}, 0.0)))",
        sympy=lambda sp, u, alpha: sp.Piecewise((u, u > 0), (alpha * (sp.exp(u) - 1), True)),
        kinks=lambda u, alpha: (u,),
    ),
    ScalarFunction(
        name="selu",
        latex=r"\operatorname{SELU}",
        text="SELU",
        derivatives=(
            lambda u, out: add(
                multiply(apply("selu_scale"), _positive(u)),
                multiply(
                    _minus(ONE, _positive(u)),
                    add(out, multiply(apply("selu_scale"), apply("selu_alpha"))),
                ),
            ),
        ),
        law=r"\operatorname{SELU}(u)'"
        r" = \left(\lambda\,\mathbf{1}[u>0]+(1-\mathbf{1}[u>0])"
        r"(\operatorname{SELU}(u)+\lambda\alpha)\right)\,u'",
        value=_selu,
        numpy="1.0507009873554805 * np.where({u} > 0, {u},"
        " 1.6732632423543772 * np.expm1(np.minimum({u}, 0.0)))",
        sympy=lambda sp, u: (
            sp.Rational(str(_SELU_SCALE))
            * sp.Piecewise((u, u > 0), (sp.Rational(str(_SELU_ALPHA)) * (sp.exp(u) - 1), True))
        ),
        kinks=lambda u: (u,),
    ),
    ScalarFunction(
        name="max",
        latex=r"\max",
        text="max",
        derivatives=(
            lambda u, v, out: apply("greater", u, v),
            lambda u, v, out: _minus(ONE, apply("greater", u, v)),
        ),
        law=r"\max(u,v)' = \mathbf{1}[u>v]\,u' + (1-\mathbf{1}[u>v])\,v'",
        value=max,
        numpy="np.maximum({u}, {v})",
        sympy=lambda sp, u, v: sp.Piecewise((u, u > v), (v, True)),
        kinks=lambda u, v: (_minus(u, v),),
    ),
    ScalarFunction(
        name="min",
        latex=r"\min",
        text="min",
        derivatives=(
            lambda u, v, out: apply("greater", v, u),
            lambda u, v, out: _minus(ONE, apply("greater", v, u)),
        ),
        law=r"\min(u,v)' = \mathbf{1}[v>u]\,u' + (1-\mathbf{1}[v>u])\,v'",
        value=min,
        numpy="np.minimum({u}, {v})",
        sympy=lambda sp, u, v: sp.Piecewise((u, u < v), (v, True)),
        kinks=lambda u, v: (_minus(u, v),),
    ),
    ScalarFunction(
        name="clip",
        latex=r"\operatorname{clip}",
        text="clip",
        derivatives=(
            lambda u, low, high, out: multiply(apply("greater", u, low), apply("greater", high, u)),
            lambda u, low, high, out: apply("greater", low, u),
            lambda u, low, high, out: apply("greater", u, high),
        ),
        law=r"\operatorname{clip}(u,a,b)' = \mathbf{1}[u>a]\,\mathbf{1}[b>u]\,u'"
        r" ",
        value=lambda u, low, high: min(max(u, low), high),
        numpy="np.clip({u}, {v}, {w})",
        sympy=lambda sp, u, low, high: sp.Piecewise((low, u < low), (high, u > high), (u, True)),
        kinks=lambda u, low, high: (_minus(u, low), _minus(high, u)),
    ),
    ScalarFunction(
        name="huber",
        latex=r"\operatorname{Huber}",
        text="Huber",
        derivatives=(
            lambda u, delta, out: apply("clip", u, negate(delta), delta),
            lambda u, delta, out: multiply(
                apply("greater", apply("abs", u), delta), _minus(apply("abs", u), delta)
            ),
        ),
        law=r"\operatorname{Huber}_\delta(u)' = \operatorname{clip}(u,-\delta,\delta)\,u'",
        value=_huber,
        numpy="np.where(np.abs({u}) <= {v}, np.square({u}) / 2, {v} * (np.abs({u}) - {v} / 2))",
        sympy=lambda sp, u, delta: sp.Piecewise(
            (delta * (u - delta / 2), u > delta),
            (-delta * (u + delta / 2), u < -delta),
            (u**2 / 2, True),
        ),
    ),
    # Constants -----------------------------------------------------------------------------------
    ScalarFunction(
        name="pi",
        latex=r"\pi",
        text="π",
        derivatives=(),
        law=r"\pi' = 0",
        value=_pi,
        numpy="np.pi",
        sympy=lambda sp: sp.pi,
    ),
    ScalarFunction(
        name="selu_scale",
        latex=r"\lambda_{\mathrm{SELU}}",
        text="λ_SELU",
        derivatives=(),
        law=r"\lambda_{\mathrm{SELU}}' = 0",
        value=lambda: _SELU_SCALE,
        numpy="1.0507009873554805",
        sympy=lambda sp: sp.Rational(str(_SELU_SCALE)),
    ),
    ScalarFunction(
        name="selu_alpha",
        latex=r"\alpha_{\mathrm{SELU}}",
        text="α_SELU",
        derivatives=(),
        law=r"\alpha_{\mathrm{SELU}}' = 0",
        value=lambda: _SELU_ALPHA,
        numpy="1.6732632423543772",
        sympy=lambda sp: sp.Rational(str(_SELU_ALPHA)),
    ),
)

#: Every function, by name.
FUNCTIONS: dict[str, ScalarFunction] = {function.name: function for function in _ALL}
