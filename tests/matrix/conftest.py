"""One problem with the quantities of all the models, for terms written by hand."""

from __future__ import annotations

from derive.model import AbstractFunction, Definition, Domain, Problem, Quantity, Role
from derive.terms import Apply, Index, Ref, Sum, multiply, power

i, j, k, h = Index("i", "m"), Index("j", "n"), Index("k", "K"), Index("h", "H")
q, l = Index("q", "n"), Index("l", "K")


def quantity(
    name: str,
    indices: tuple[Index, ...],
    role: Role = "data",
    *,
    symbol: str = "",
    stack: str = "",
    domain: Domain = "unit interval",
) -> Quantity:
    """A quantity whose symbols are letters."""
    one, whole = symbol or name, stack or symbol or name
    return Quantity(name, indices, role, one, one, whole, whole, domain=domain)


z, a, p = Ref("z", (i, k)), Ref("A", (i, k)), Ref("p", (i, k))

problem = Problem(
    name="test",
    title="Test",
    indices=(i, j, k, h, q, l),
    quantities=(
        quantity("x", (i, j), stack="X"),
        quantity("y", (i,)),
        quantity("w", (j,), "parameter"),
        quantity("b", (), "parameter"),
        quantity("lam", (), "hyperparameter", symbol=r"\lambda"),
        quantity("a", (i,)),
        quantity("p", (i, k), stack="P"),
        quantity("Y", (i, k)),
        quantity("z", (i, k), stack="Z"),
        quantity("A", (i, k)),
        quantity("W", (k, j), "parameter"),
        quantity("bias", (k,), "parameter", symbol="b"),
        quantity("v", (h,), "parameter"),
        quantity("H", (i, h)),
        quantity("U", (h, j), "parameter"),
        quantity("C", (k, h), "parameter"),
        quantity("L", (i,), "definition"),
    ),
    definitions=(Definition("L", (i,), Sum(k, multiply(Apply("g", (z,)), power(a, 2)))),),
    functions=(AbstractFunction("g", 1, "g", "g"),),
    example_index=i,
)
