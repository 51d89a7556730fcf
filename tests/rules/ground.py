"""One problem with a bit of everything, on which the rules are tried."""

from __future__ import annotations

from fractions import Fraction

import derive
from derive.dependency import Scope, unrolled
from derive.model import Problem
from derive.terms import Index, IndexLike, Number, Ref

i, p = Index("i", "m"), Index("p", "m")
j, q = Index("j", "n"), Index("q", "n")
k, l, r = Index("k", "K"), Index("l", "K"), Index("r", "K")


def _problem() -> Problem:
    x, y = derive.data("x[i,j]", "y[i]")
    labels = derive.data("Y[i,k]", domain="probabilities")
    w, b = derive.parameters("w[j]", "b")
    W = derive.parameter("W[k,j]")
    s = derive.parameter("s", domain="positive")
    M = derive.data("M[j,q]", domain="symmetric")
    penalty = derive.hyperparameter("lambda_")
    g = derive.function("g")
    loss = derive.function("ell", arguments=2)
    z = derive.define("z[i]", derive.sum(w[j] * x[i, j], over=j) + b)
    a = derive.define("a[i]", derive.sigmoid(z[i]))
    t = derive.define("t[i,k]", derive.sum(W[k, j] * x[i, j], over=j))
    e = derive.define("e[i,k]", derive.exp(t[i, k]) / derive.sum(derive.exp(t[i, l]), over=l))
    h = derive.define("h[i]", g(z[i]))
    any_loss = derive.define("G[i]", loss(a[i], y[i]))
    residual = derive.define("d[i]", a[i] - y[i])
    square = derive.define("Q[i]", residual[i] * z[i])
    cost = derive.define(
        "J",
        derive.mean(any_loss[i] + h[i] * square[i], over=i)
        - derive.mean(derive.sum(labels[i, k] * derive.ln(e[i, k]), over=k), over=i)
        + penalty * derive.sum(w[j] ** 2, over=j)
        + derive.ln(s)
        + derive.sum(w[j] * M[j, q] * w[q], over=[j, q]),
    )
    known = derive.fact(derive.sum(labels[i, k], over=k), 1, reason="labels are one-hot")
    return derive.problem(cost, name="ground", facts=[known], spare=[p, q, l, r])


PROBLEM = _problem()
#: The general derivation, and the one that is written out at given sizes.
SCOPE = Scope(PROBLEM)
SIZES = {"m": 3, "n": 2, "K": 2}
WRITTEN_OUT = unrolled(PROBLEM, SIZES)


def number(value: int, below: int = 1) -> Number:
    return Number(Fraction(value, below))


def ref(name: str, *places: IndexLike) -> Ref:
    return Ref(name, places)
