"""The rules of differentiation: each goes one step and leaves derivatives behind."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from derive.dependency import Scope, differ
from derive.derivation import Prose
from derive.functions import FUNCTIONS, ScalarFunction
from derive.matrix_functions import (
    MATRIX_FUNCTIONS,
    MatrixFunction,
    elements,
    fresh_places,
)
from derive.rules.base import Context, Rewrite, Rule
from derive.terms import (
    ONE,
    ZERO,
    Add,
    Apply,
    Delta,
    Derivative,
    Family,
    Index,
    IndexLike,
    Number,
    Power,
    Product,
    Ref,
    Sum,
    Term,
    add,
    factors_of,
    fresh_index,
    member,
    multiply,
    negate,
    power,
    references,
    substitute,
    total,
)

__all__ = ["CALCULUS", "is_given"]


def _definition(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, Derivative) or not isinstance(term.of, Ref):
        return None
    definition = context.scope.problem.definition(term.of.name)
    if definition is not None and definition.constant:
        return None
    own = term.by.running
    body = context.scope.body(term.of, (*context.indices, *own))
    if body is None or is_given(term, context):
        return None
    return Rewrite(Derivative(body, term.by), Prose(("definition of ", term.of)), (term.of,))


def is_given(term: Derivative, context: Context) -> bool:
    """Whether the derivative is of an abstract function of several quantities by one of them, so
    that it has no other form: the ``∂L_i/∂a_i`` of any loss ``L_i = L(a_i, y_i)``."""
    if not isinstance(term.of, Ref):
        return False
    definition = context.scope.problem.definition(term.of.name)
    if definition is None or not isinstance(definition.body, Apply):
        return False
    body = definition.body
    if body.function in FUNCTIONS or body.function in MATRIX_FUNCTIONS:
        return False
    alone = len(body.arguments) == 1 and not isinstance(body.arguments[0], Family)
    members = [member(argument) for argument in body.arguments]
    names = [each.name for each in members if isinstance(each, Ref)]
    return (
        not alone
        and names.count(term.by.name) == 1
        and not context.scope.uses_indirectly(term.of.name, term.by.name)
    )


def _constant(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, Derivative) or context.scope.depends(term.of, term.by):
        return None
    return Rewrite(ZERO, Prose((term.of, " does not depend on ", term.by)))


def _constant_factor(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, Derivative) or not isinstance(term.of, Product):
        return None
    factors = term.of.factors
    constant = [f for f in factors if not context.scope.depends(f, term.by)]
    rest = [f for f in factors if context.scope.depends(f, term.by)]
    if not constant or not rest:
        return None
    after = multiply(*constant, Derivative(multiply(*rest), term.by))
    reason = Prose(("the factor ", multiply(*constant), " does not depend on ", term.by))
    return Rewrite(after, reason)


def _sum_rule(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, Derivative) or not isinstance(term.of, Add):
        return None
    after = add(*(Derivative(part, term.by) for part in term.of.terms))
    return Rewrite(after, Prose(("the derivative of a sum is the sum of the derivatives",)))


def _sum_rule_under_sum(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, Derivative) or not isinstance(term.of, Sum):
        return None
    index, body = term.of.index, term.of.body
    if index in term.by.running:
        # The bound index is another one than that of the variable: rename it out of the way.
        taken = [*context.indices, *term.by.running]
        new = fresh_index(index, taken, context.scope.spare)
        body, index = substitute(body, {index: new}, context.scope.spare), new
    after = total(index, Derivative(body, term.by))
    return Rewrite(
        after, Prose((f"the sum over {index.name} is finite: differentiate term by term",))
    )


def _quotient_rule(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, Derivative) or not isinstance(term.of, Product):
        return None
    above: list[Term] = []
    below: list[Term] = []
    for factor in term.of.factors:
        if isinstance(factor, Power) and factor.exponent == Number(Fraction(-1)):
            below.append(factor.base)
        else:
            above.append(factor)
    if len(below) != 1 or not above:
        return None
    f, g = multiply(*above), below[0]
    if not context.scope.depends(f, term.by) or not context.scope.depends(g, term.by):
        return None
    by = term.by
    top = add(multiply(Derivative(f, by), g), negate(multiply(f, Derivative(g, by))))
    return Rewrite(multiply(top, power(g, -2)), Prose(("numerator ", f, ", denominator ", g)))


def _product_rule(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, Derivative) or not isinstance(term.of, Product):
        return None
    factors = term.of.factors
    if not all(context.scope.depends(factor, term.by) for factor in factors):
        return None
    after = add(
        *(
            multiply(*factors[:n], Derivative(factor, term.by), *factors[n + 1 :])
            for n, factor in enumerate(factors)
        )
    )
    return Rewrite(after, Prose(("each factor is differentiated in turn",)))


def _power_rule(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, Derivative) or not isinstance(term.of, Power):
        return None
    base, exponent = term.of.base, term.of.exponent
    if context.scope.depends(exponent, term.by):
        return None
    if isinstance(exponent, Number):
        lower = power(base, exponent.value - 1)
        exponent = Number(exponent.value)
    else:
        lower = power(base, add(exponent, negate(ONE)))
    after = multiply(exponent, lower, Derivative(base, term.by))
    return Rewrite(after, Prose(("the exponent ", exponent, " comes down as a factor")))


def _variable(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, Derivative) or not isinstance(term.of, Ref):
        return None
    of, by = term.of, term.by
    if of.name != by.name:
        return None
    deltas = [
        Delta(mine, other)
        for mine, other in zip(of.indices, by.indices, strict=True)
        if mine != other
    ]
    if any(differ(delta.left, delta.right) for delta in deltas):
        return Rewrite(ZERO, Prose((of, " and ", by, " are different variables")))
    if not deltas:
        return Rewrite(ONE, Prose((of, " changes at the same rate as itself")))
    return Rewrite(multiply(*deltas), Prose((of, " is ", by, " only where the indices agree")))


def _function_rule(function: ScalarFunction) -> Rule:
    def application(term: Term, context: Context) -> Rewrite | None:
        if not isinstance(term, Derivative) or not isinstance(term.of, Apply):
            return None
        if term.of.function != function.name:
            return None
        parts = [
            multiply(derivative(*term.of.arguments, term.of), Derivative(argument, term.by))
            for derivative, argument in zip(function.derivatives, term.of.arguments, strict=True)
            if context.scope.depends(argument, term.by)
        ]
        several = "each argument" if len(parts) > 1 else "its argument"
        return Rewrite(add(*parts), Prose((f"derivative of {function.text}, then of {several}",)))

    return Rule(
        name=f"derivative of {function.text}",
        law=function.law,
        meaning=f"The derivative of {function.text} times the derivative of its argument.",
        detail="full",
        apply=application,
        kinds=(Derivative,),
    )


def _matrix_function_rule(function: MatrixFunction) -> Rule:
    def application(term: Term, context: Context) -> Rewrite | None:
        if not isinstance(term, Derivative) or not isinstance(term.of, Apply):
            return None
        of, by = term.of, term.by
        if of.function != function.name:
            return None
        own = by.running
        down, along = fresh_places(of, (*context.indices, *own), context.scope.spare)
        part = multiply(function.slope(of, down, along), Derivative(elements(of, down, along), by))
        reason = Prose(("every element of the matrix is differentiated in turn",))
        return Rewrite(total(down, total(along, part)), reason)

    return Rule(
        name=f"derivative of {function.name}",
        law=function.law,
        meaning=function.meaning,
        detail="full",
        apply=application,
        kinds=(Derivative,),
    )


def _abstract_function(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, Derivative) or not isinstance(term.of, Apply):
        return None
    of = term.of
    if of.function in FUNCTIONS or any(isinstance(each, Family) for each in of.arguments):
        return None
    orders = of.orders or (0,) * len(of.arguments)
    parts = []
    for n, argument in enumerate(of.arguments):
        if context.scope.depends(argument, term.by):
            raised = tuple(order + (place == n) for place, order in enumerate(orders))
            outer = Apply(of.function, of.arguments, raised)
            parts.append(multiply(outer, Derivative(argument, term.by)))
    return Rewrite(
        add(*parts), Prose((f"{of.function} is any smooth function: its derivative keeps a name",))
    )


def _chain_rule(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, Derivative) or not isinstance(term.of, Ref):
        return None
    scope, of, by = context.scope, term.of, term.by
    users = scope.users(of.name, by.name)
    if not users or of.name in users or is_given(term, context):
        return None
    if any(scope.uses_indirectly(user, by.name) for user in users):
        # A stage that depends on the variable both directly and through another user would be
        # counted twice; such a definition is differentiated as a whole instead. An abstract
        # function, which has no derivative as a whole, is taken through its arguments.
        users = _arguments_through(of.name, by.name, scope) or _bottleneck(
            of.name, by.name, users, scope
        )
    parts = [part for user in users for part in _through(user, term, context)]
    if not parts:
        return None
    stages: list[Term] = list(dict.fromkeys(_stage_of(part) for part in parts))
    return Rewrite(add(*parts), Prose((of, " depends on ", by, " through ", *_listed(stages))))


def _arguments_through(name: str, by: str, scope: Scope) -> tuple[str, ...]:
    """The stages in the arguments of an abstract function through which it depends on ``by``;
    none where one of them depends on another, for that path would be counted twice."""
    definition = scope.problem.definition(name)
    if (
        definition is None
        or not isinstance(definition.body, Apply)
        or scope.problem.function(definition.body.function) is None
    ):
        return ()
    stages = tuple(
        dict.fromkeys(
            ref.name
            for ref in references(definition.body)
            if scope.pattern(ref.name, by) is not None
        )
    )
    nested = any(scope.pattern(one, other) is not None for one in stages for other in stages)
    return () if nested else stages


def _bottleneck(name: str, by: str, users: tuple[str, ...], scope: Scope) -> tuple[str, ...]:
    """The one user through which every path leads, where it lies deeper than the definition: the
    logits ``z`` of tied embeddings, made of ``E`` directly and through the word looked up in it.
    The derivative by it must be an array of its shape, ``∂L_i/∂z_iv``, which has a name."""
    for user in users:
        others = [other for other in users if other != user]
        if (
            user != name
            and not scope.uses_directly(name, user)
            and scope.is_named_by(name, user)
            and all(scope.pattern(user, other) is not None for other in others)
            and not scope.depends_beside(name, by, user)
        ):
            return (user,)
    return ()


def _listed(terms: list[Term]) -> Iterator[str | Term]:
    """``a``, ``a and b``, ``a, b and c``; one alone is said to be so."""
    for n, term in enumerate(terms):
        if n:
            yield " and " if n == len(terms) - 1 else ", "
        yield term
    if len(terms) == 1:
        yield " alone"


def _stage_of(part: Term) -> Term:
    """The stage ``v`` of ``∂T/∂v · ∂v/∂s``, under its sums."""
    while isinstance(part, Sum):
        part = part.body
    first = factors_of(part)[0]
    assert isinstance(first, Derivative)
    return first.by


def _through(user: str, term: Derivative, context: Context) -> Iterator[Term]:
    """``∂T/∂v · ∂v/∂s`` for one stage ``v``, summed over the indices of ``v`` that range."""
    assert isinstance(term.of, Ref)
    scope, of, by = context.scope, term.of, term.by
    pattern = scope.pattern(of.name, user)
    definition = scope.problem.definition(user)
    assert pattern is not None
    assert definition is not None
    taken = [*context.indices, *of.running, *by.running]
    stages: list[tuple[tuple[IndexLike, ...], tuple[Index, ...]]] = [((), ())]
    for place, own in zip(pattern, definition.indices, strict=True):
        if place is not None:
            stages = [((*sub, of.indices[place]), bound) for sub, bound in stages]
        elif scope.written_out:
            extent = own.size if isinstance(own.size, int) else scope.sizes[own.size]
            stages = [
                ((*sub, number), bound) for sub, bound in stages for number in range(1, extent + 1)
            ]
        else:
            new = fresh_index(own, taken, scope.spare)
            taken.append(new)
            stages = [((*sub, new), (*bound, new)) for sub, bound in stages]
    for subscript, bound in stages:
        stage = Ref(user, subscript)
        if not scope.depends(stage, by):
            continue
        part = multiply(Derivative(of, stage), Derivative(stage, by))
        for index in reversed(bound):
            part = Sum(index, part)
        yield part


def _independence(term: Term, context: Context) -> Rewrite | None:
    """``∂z_l/∂w_k`` where ``z_l`` depends on ``w_k`` for ``l = k`` alone."""
    if not isinstance(term, Derivative) or not isinstance(term.of, Ref):
        return None
    of, by = term.of, term.by
    pattern = context.scope.pattern(of.name, by.name)
    if pattern is None:
        return None
    deltas: list[Term] = []
    subscript = list(of.indices)
    variable = list(by.indices)
    settled: set[int] = set()
    for position, (place, other) in enumerate(zip(pattern, by.indices, strict=True)):
        if place is None:
            continue
        if subscript[place] != other:
            deltas.append(Delta(subscript[place], other))
            # The z_k made of w_kk depends on w_ab for a = b = k: the first of the two settles k.
            if place in settled:
                variable[position] = subscript[place]
            else:
                subscript[place] = other
        settled.add(place)
    if not deltas:
        return None
    moved = Derivative(
        Ref(of.name, tuple(subscript), of.origin), Ref(by.name, tuple(variable), by.origin)
    )
    return Rewrite(
        multiply(*deltas, moved),
        Prose((Ref(of.name, tuple(subscript)), " alone depends on ", by)),
    )


CALCULUS: tuple[Rule, ...] = (
    Rule(
        "constant",
        r"\frac{\partial c}{\partial u} = 0",
        "What does not depend on the variable has the derivative 0.",
        "full",
        _constant,
        (Derivative,),
    ),
    Rule(
        "constant factor",
        r"\frac{\partial}{\partial u}(c\,f) = c\,\frac{\partial f}{\partial u}",
        "A constant factor passes through the derivative unchanged.",
        "normal",
        _constant_factor,
        (Derivative,),
    ),
    Rule(
        "sum rule",
        r"\frac{\partial}{\partial u}(f+g)"
        r" = \frac{\partial f}{\partial u}+\frac{\partial g}{\partial u}",
        "The derivative of a sum is the sum of the derivatives.",
        "normal",
        _sum_rule,
        (Derivative,),
    ),
    Rule(
        "sum rule under Σ",
        r"\frac{\partial}{\partial u}\sum_i f_i = \sum_i\frac{\partial f_i}{\partial u}",
        "A finite sum is differentiated term by term.",
        "normal",
        _sum_rule_under_sum,
        (Derivative,),
    ),
    Rule(
        "quotient rule",
        r"\left(\frac fg\right)' = \frac{f'g - fg'}{g^2}",
        "The numerator’s derivative times the denominator, less the numerator times the "
        "denominator’s derivative, over the square of the denominator.",
        "full",
        _quotient_rule,
        (Derivative,),
    ),
    Rule(
        "product rule",
        r"(fg)' = f'g + fg'",
        "Each factor is differentiated in turn.",
        "full",
        _product_rule,
        (Derivative,),
    ),
    Rule(
        "power rule",
        r"(u^c)' = c\,u^{c-1}\,u'",
        "The exponent comes down as a factor and is lowered by one.",
        "full",
        _power_rule,
        (Derivative,),
    ),
    Rule(
        "derivative of a variable",
        r"\frac{\partial w_q}{\partial w_j} = \delta_{qj}",
        "A variable changes with itself at the rate 1, and not with its neighbours.",
        "full",
        _variable,
        (Derivative,),
    ),
    *(_function_rule(function) for function in FUNCTIONS.values() if function.arity),
    *(_matrix_function_rule(function) for function in MATRIX_FUNCTIONS.values()),
    Rule(
        "derivative of an abstract function",
        r"\frac{\partial}{\partial u} g(f) = g'(f)\,\frac{\partial f}{\partial u}",
        "The derivative of a function that stays abstract keeps a name.",
        "full",
        _abstract_function,
        (Derivative,),
    ),
)

DEFINITION = Rule(
    "definition",
    r"\frac{\partial f}{\partial u} = \frac{\partial}{\partial u}[\text{body of } f]",
    "A name is replaced by what it was defined as.",
    "normal",
    _definition,
    (Derivative,),
)
CHAIN_RULE = Rule(
    "chain rule",
    r"\frac{\partial f}{\partial u}"
    r" = \sum_v \frac{\partial f}{\partial v}\frac{\partial v}{\partial u}",
    "The derivative is taken through every stage that lies between.",
    "normal",
    _chain_rule,
    (Derivative,),
)
INDEPENDENCE = Rule(
    "independence",
    r"\frac{\partial z_l}{\partial u_k} = \delta_{lk}\,\frac{\partial z_k}{\partial u_k}",
    "A component depends only on the variable with the same index.",
    "full",
    _independence,
    (Derivative,),
)
