"""Second derivatives: Hessians, their products with a vector, Jacobians, gradient penalties.

None of them has an engine of its own. The gradient ``∂J/∂w_j = (1/m) Σ_i (a_i − y_i) x_ij``, once
it is derived, is a quantity like any other: it gets a name, ``g_j``, and stands behind the
definitions of the cost as one more of them. What is wanted is then a first derivative in that
longer problem:

======================  =========================================  =========================
what is wanted          is the derivative of                       by
======================  =========================================  =========================
Hessian                 ``g_j := ∂J/∂w_j``                         ``w_s``
Hessian times a vector  ``D := Σ_j g_j v_j`` (Pearlmutter, 1994)   ``w_j``
Jacobian                the stage itself, ``p_ik``                 an earlier stage ``z_il``
gradient penalty        ``R := Σ_ij g_ij²`` with ``g := ∂J/∂x``    a parameter
======================  =========================================  =========================

So each goes through the same rules, lemmas, checks and documents as a gradient. The letters of the
second derivative are new ones (``w_s`` beside ``g_j``); where each example depends on itself alone,
the example's index is the same above and below (``∂p_ik/∂z_il``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from derive.backpropagation import SECOND_ORDER, Prover
from derive.dependency import Scope
from derive.errors import InputError
from derive.gradients import Cost, Derivation, as_problem, gradient, quantities
from derive.language import Named
from derive.model import Definition, Orientation, Problem, Quantity, Role
from derive.notation.symbols import default_symbols
from derive.terms import Derivative, Index, Sum, Term, multiply, power, references

if TYPE_CHECKING:
    from derive.beside import Beside

__all__ = [
    "KINDS",
    "gradient_penalty",
    "gradient_penalty_problem",
    "hessian",
    "hessian_problem",
    "hessian_vector_product",
    "hessian_vector_product_problem",
    "jacobian",
    "jacobian_problem",
    "requested",
]

#: What may be asked for by name, and how many names it takes: from, to.
KINDS: dict[str, tuple[int, int]] = {
    "hessian": (1, 2),
    "hessian-vector-product": (1, 2),
    "jacobian": (2, 2),
    "gradient-penalty": (1, 1),
}


def hessian(
    cost: Cost,
    wrt: str | Named,
    by: str | Named | None = None,
    *,
    check: Literal["raise", "report", "none"] = "raise",
    seed: int = 0,
    beside: Beside | None = None,
    **sizes: int,
) -> Derivation:
    """Derive the second derivatives of a cost, ``∂²J/∂w_s∂w_j``, step by step, and check them.

    Args:
        cost: what :func:`derive.gradient` takes.
        wrt: what to differentiate by first.
        by: what to differentiate by then, if it is something else: a block of the whole Hessian.
        check, seed, beside, sizes: as for :func:`derive.gradient`.

    Returns:
        The derivation of the gradient and then of its derivative. The result has the indices of
        ``wrt`` first and those of ``by`` after them: of shape ``n × n`` for a vector ``w_j``.
        By what each example has of its own, the index of the examples stands once: the blocks
        between different examples are left out.

    Raises:
        InputError: the cost, a name or a size cannot be read, or the gradient by ``wrt`` doesn't
            depend on ``by``, so that the block is zero.
        Unsupported: there is no rule for a part of the cost; the message names it.
        CheckFailed: a check found a difference. Besides the checks of a gradient, SymPy
            differentiates the cost twice, and the Hessian must be symmetric.

    >>> d = hessian("logistic_regression", "w")
    >>> print(d.results[0].claim, "=", d.result)
    ∂g_j/∂w_s = (1/m) Σᵢ₌₁ᵐ a_i (1 − a_i) x_ij x_is
    >>> from derive.matrix import matrix_text
    >>> from derive.notation import Notation
    >>> print(matrix_text(d.results[0].rows.expression, Notation(d.problem)))
    (1/m) Xᵀdiag(a ⊙ (1 − a))X
    """
    problem = hessian_problem(cost, wrt, by)
    return gradient(problem, None, check=check, seed=seed, beside=beside, **sizes)


def hessian_vector_product(
    cost: Cost,
    wrt: str | Named,
    vector: str = "v",
    *,
    check: Literal["raise", "report", "none"] = "raise",
    seed: int = 0,
    beside: Beside | None = None,
    **sizes: int,
) -> Derivation:
    """Derive the Hessian of a cost times a vector, ``Σ_s ∂²J/∂w_j∂w_s v_s``, without the Hessian.

    It is the gradient of ``D = Σ_s g_s v_s``, the derivative of the cost along ``v``
    (B. Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6, 1994), and
    costs about as much as a gradient.

    Args:
        cost, wrt: as for :func:`hessian`.
        vector: a name for the vector, which is data of the shape of ``wrt``.
        check, seed, beside, sizes: as for :func:`derive.gradient`.

    Raises the errors of :func:`hessian`.

    >>> d = hessian_vector_product("logistic_regression", "w", "v")
    >>> from derive.matrix import matrix_text
    >>> from derive.notation import Notation
    >>> print(matrix_text(d.results[0].rows.expression, Notation(d.problem)))
    (1/m) Xᵀ((Xv) ⊙ a ⊙ (1 − a))
    """
    problem = hessian_vector_product_problem(cost, wrt, vector)
    return gradient(problem, None, check=check, seed=seed, beside=beside, **sizes)


def jacobian(
    cost: Cost,
    stage: str | Named,
    by: str | Named,
    *,
    check: Literal["raise", "report", "none"] = "raise",
    seed: int = 0,
    beside: Beside | None = None,
    **sizes: int,
) -> Derivation:
    """Derive the derivatives of a stage by an earlier stage or by an input, ``∂p_ik/∂z_il``.

    Args:
        cost: what :func:`derive.gradient` takes; of it, the stage and what it is made of matter.
        stage: the name of a definition.
        by: the name of what it is differentiated by. A stage is taken as given: what it is made of
            itself is left out.
        check, seed, beside, sizes: as for :func:`derive.gradient`.

    Returns:
        The derivation; the result has the indices of ``stage`` first and those of ``by`` after
        them. The index of the examples stands once where each example depends on itself alone;
        the derivatives by other examples are zero.

    Raises the errors of :func:`hessian`.

    >>> print(jacobian("softmax_regression", "p", "z").result)
    p_ik (δ_kl − p_il)
    """
    problem = jacobian_problem(cost, stage, by)
    return gradient(problem, None, check=check, seed=seed, beside=beside, **sizes)


def gradient_penalty(
    cost: Cost,
    of: str | Named,
    wrt: str | Named | Iterable[str | Named],
    *,
    check: Literal["raise", "report", "none"] = "raise",
    seed: int = 0,
    beside: Beside | None = None,
    **sizes: int,
) -> Derivation:
    """Derive the gradient of a gradient penalty, ``R = Σ_ij (∂J/∂x_ij)²``, by a parameter.

    Args:
        cost: what :func:`derive.gradient` takes.
        of: the quantity by which the penalised gradient is taken, often the data ``x``.
        wrt: what to differentiate the penalty by, one or several.
        check, seed, beside, sizes: as for :func:`derive.gradient`.

    Raises the errors of :func:`hessian`.

    >>> print(gradient_penalty("linear_regression", "x", "b").result)
    (2/m) Σᵢ₌₁ᵐ Σⱼ₌₁ⁿ g_ij w_j
    """
    problem = gradient_penalty_problem(cost, of, wrt)
    return gradient(problem, None, check=check, seed=seed, beside=beside, **sizes)


# The problems ------------------------------------------------------------------------------------


def hessian_problem(cost: Cost, wrt: str | Named, by: str | Named | None = None) -> Problem:
    """The problem in which a Hessian is a first derivative: that of ``g_j := ∂J/∂w_j`` by ``w``."""
    problem = as_problem(cost)
    (first,) = quantities(problem, wrt)
    (second,) = quantities(problem, first if by is None else by)
    longer, named = _with_gradient(problem, first)
    if Scope(longer).pattern(named.name, second) is None:
        raise InputError(
            f"the gradient of {problem.cost.name} by {first} does not depend on {second}: "
            "these second derivatives are all zero"
        )
    which = first if second == first else f"{first} and {second}"
    return replace(
        longer,
        name=f"{problem.name}_hessian_{'_'.join(dict.fromkeys((first, second)))}",
        title=_title(problem, f"the Hessian by {which}"),
        summary="The derivatives of the gradient are the second derivatives of the cost.",
        default_wrt=(second,),
    )


def hessian_vector_product_problem(cost: Cost, wrt: str | Named, vector: str = "v") -> Problem:
    """The problem in which the Hessian times a vector is a gradient, that of ``Σ_j g_j v_j``."""
    problem = as_problem(cost)
    (name,) = quantities(problem, wrt)
    if not vector.isidentifier() or vector in _taken(problem):
        raise InputError(
            f"the vector cannot be called {vector!r}: "
            + ("the name is taken" if vector in _taken(problem) else "that is no name")
        )
    own = problem.quantity(name)
    v = _quantity(vector, own.indices, "data", "what the Hessian is multiplied by", own.orientation)
    # It is there before the gradient is named, which takes another name than the vector's.
    with_vector = replace(problem, quantities=(*problem.quantities, v))
    longer, named = _with_gradient(with_vector, name)
    along: Term = multiply(named.head, v.ref)
    for index in reversed(own.indices):
        along = Sum(index, along)
    longer, _ = _with_definition(
        longer, ("D", "R", "directional"), (), along, "derivative of the cost along the vector"
    )
    return replace(
        longer,
        name=f"{problem.name}_hessian_{name}_times_{vector}",
        title=_title(problem, f"the Hessian by {name}, times a vector"),
        summary="The Hessian times a vector is the gradient of the derivative along the vector, so "
        "that the Hessian itself is never needed.",
        default_wrt=(name,),
    )


def jacobian_problem(cost: Cost, stage: str | Named, by: str | Named) -> Problem:
    """The problem that ends with a stage, and in which an earlier one is given."""
    problem = as_problem(cost)
    stage, by = (each.name if isinstance(each, Named) else each for each in (stage, by))
    definition = problem.definition(stage)
    if definition is None:
        problem.quantity(stage)
        raise InputError(f"{stage} is no stage of {problem.name}: it has no definition")
    if by == stage:
        raise InputError(f"the derivative of {stage} by itself is the identity")
    given = problem.quantity(by)
    if Scope(problem).pattern(stage, by) is None:
        raise InputError(f"{stage} does not depend on {by}")
    if given.role == "definition":
        given = replace(given, role="parameter")
    kept = _made_of(problem, stage, by)
    sizes = {index.size for name in kept for index in problem.quantity(name).indices}
    definitions = tuple(
        each for each in problem.definitions if each.name in kept and each.name != by
    )
    return replace(
        problem,
        name=f"{problem.name}_jacobian_{stage}_{by}",
        title=_title(problem, f"the Jacobian of {stage} by {by}"),
        quantities=tuple(
            given if each.name == by else each for each in problem.quantities if each.name in kept
        ),
        definitions=definitions,
        indices=tuple(index for index in problem.indices if index.size in sizes),
        facts=tuple(
            fact
            for fact in problem.facts
            if all(ref.name in kept for side in (fact.left, fact.right) for ref in references(side))
        ),
        written_out=(),
        kept=(),
        default_wrt=(by,),
        summary="",
    )


def gradient_penalty_problem(
    cost: Cost, of: str | Named, wrt: str | Named | Iterable[str | Named]
) -> Problem:
    """The problem whose cost is the squared length of a gradient."""
    problem = as_problem(cost)
    (name,) = quantities(problem, of)
    names = quantities(problem, wrt)
    longer, named = _with_gradient(problem, name)
    squares: Term = power(named.head, 2)
    for index in reversed(named.indices):
        squares = Sum(index, squares)
    longer, _ = _with_definition(
        longer, ("R", "P", "penalty"), (), squares, "squared length of the gradient"
    )
    return replace(
        longer,
        name=f"{problem.name}_gradient_penalty_{name}",
        title=_title(problem, f"the gradient of the penalty on the gradient by {name}"),
        summary="",
        default_wrt=names,
    )


def requested(
    problem: Problem, kind: str, names: tuple[str, ...], wrt: tuple[str, ...] = ()
) -> Problem:
    """The problem in which what is asked for by name is a first derivative.

    Args:
        problem: that of the cost.
        kind: one of ``KINDS``.
        names: ``("w",)`` or ``("w", "b")`` for a Hessian, ``("w", "v")`` for its product with a
            vector, ``("p", "z")`` for a Jacobian, ``("x",)`` for a gradient penalty.
        wrt: what a gradient penalty is differentiated by; all parameters if empty.

    Raises:
        InputError: there is no such kind, or the names aren't as many as it takes.

    >>> from derive.catalogue import load
    >>> requested(load("logistic_regression"), "hessian", ("w",)).name
    'logistic_regression_hessian_w'
    """
    if kind not in KINDS:
        raise InputError(f"{kind!r} is none of {', '.join(KINDS)}")
    least, most = KINDS[kind]
    if not least <= len(names) <= most:
        count = f"{least}" if least == most else f"{least} or {most}"
        raise InputError(f"{kind} takes {count} names, not {len(names)}")
    if wrt and kind != "gradient-penalty":
        raise InputError(f"{kind} says itself what is differentiated by; leave out wrt")
    match kind:
        case "hessian":
            return hessian_problem(problem, *names)
        case "hessian-vector-product":
            return hessian_vector_product_problem(problem, *names)
        case "jacobian":
            return jacobian_problem(problem, *names)
        case _:
            return gradient_penalty_problem(
                problem, names[0], wrt or tuple(each.name for each in problem.parameters)
            )


# Their parts -------------------------------------------------------------------------------------


def _with_gradient(problem: Problem, wrt: str) -> tuple[Problem, Definition]:
    """The problem with a name for its gradient by one quantity, and that definition."""
    if problem.cost.indices:
        raise InputError(f"{problem.cost.head} is not a number: its gradient is a Jacobian")
    # The stages keep their names in the gradient: the chain rule goes through them once more.
    plain = replace(problem, written_out=(), kept=())
    scope = Scope(plain)
    main = Prover(scope, closing=SECOND_ORDER).whole(scope.claim(wrt))
    quantity = problem.quantity(wrt)
    names = ("g", "q", "gradient", f"gradient_{wrt}")
    return _with_definition(
        plain, names, quantity.indices, main.result, "", main.claim, quantity.orientation
    )


def _with_definition(
    problem: Problem,
    names: tuple[str, ...],
    indices: tuple[Index, ...],
    body: Term,
    meaning: str,
    derivative: Derivative | None = None,
    orientation: Orientation = "column",
) -> tuple[Problem, Definition]:
    """The problem with one more definition, the last, under the first name that is free."""
    taken = _taken(problem)
    name = next((each for each in names if each not in taken), None)
    if name is None:
        raise InputError(f"{problem.name} uses all of the names {', '.join(names)}; rename one")
    definition = Definition(name, indices, body, meaning, derivative=derivative)
    quantity = _quantity(name, indices, "definition", meaning, orientation)
    longer = replace(
        problem,
        quantities=(*problem.quantities, quantity),
        definitions=(*problem.definitions, definition),
    )
    return longer, definition


def _quantity(
    name: str,
    indices: tuple[Index, ...],
    role: Role,
    meaning: str,
    orientation: Orientation = "column",
) -> Quantity:
    symbols = default_symbols(name)
    whole = len(indices) > 1
    return Quantity(
        name,
        indices,
        role,
        symbols.latex,
        symbols.text,
        symbols.stack_latex if whole else symbols.latex,
        symbols.stack_text if whole else symbols.text,
        meaning,
        orientation=orientation,
    )


def _taken(problem: Problem) -> set[str]:
    """Every name that a new quantity could be confused with, on the page or in the code."""
    return {
        *(quantity.name for quantity in problem.quantities),
        *(quantity.text for quantity in problem.quantities),
        *(quantity.stack_text for quantity in problem.quantities),
        *(function.name for function in problem.functions),
        *(function.text for function in problem.functions),
        *(index.name for index in problem.indices),
        *problem.size_names,
    }


def _made_of(problem: Problem, stage: str, given: str) -> set[str]:
    """The names of everything that a stage is made of, where one of them is given."""
    found: set[str] = set()
    left = [stage]
    while left:
        name = left.pop()
        if name in found:
            continue
        found.add(name)
        definition = None if name == given else problem.definition(name)
        if definition is not None:
            left.extend(ref.name for ref in references(definition.body))
    return found


def _title(problem: Problem, what: str) -> str:
    """``Logistic regression: the Hessian by w``."""
    subject, colon, _ = problem.title.partition(":")
    if colon:
        return f"{subject}: {what}"
    return what[0].upper() + what[1:]
