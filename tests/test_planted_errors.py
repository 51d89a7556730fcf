"""Errors slipped in on purpose: each is caught, at its own step, by the check meant for it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from fractions import Fraction
from functools import cache

import pytest

import derive
from derive import backpropagation, gradients, small_case
from derive.catalogue import NAMES
from derive.checks.code import check_module
from derive.checks.oracle import check_small_case
from derive.checks.steps import StepChecker, require
from derive.derivation import Check, Step
from derive.errors import CheckFailed, DeriveError
from derive.functions import FUNCTIONS
from derive.gradients import Derivation, check_again
from derive.matrix import MatrixForm
from derive.matrix.expression import Matrix, Transpose
from derive.rules import RULES, Context, Rewrite, Rule
from derive.rules.calculus import _function_rule
from derive.terms import (
    ONE,
    Add,
    Apply,
    Delta,
    Derivative,
    Index,
    Number,
    Power,
    Product,
    Ref,
    Size,
    Sum,
    Term,
    add,
    children,
    contains,
    factors_of,
    key,
    map_children,
    multiply,
    negate,
    power,
    substitute,
    terms_of,
    walk,
)


@cache
def derivation(name: str) -> Derivation:
    """The right derivation: ask for it before anything is planted."""
    return derive.gradient(name, check="none")


@cache
def by_first_parameter(name: str) -> Derivation:
    """The same by one parameter alone, which takes less time to check again."""
    return derive.gradient(name, derivation(name).wrt[0], check="none")


# Into the engine ---------------------------------------------------------------------------------

#: From what the right rule makes of a term to what the wrong one makes of it.
Spoil = Callable[[Term, Rewrite, Context], Term]


@dataclass(frozen=True)
class Plant:
    """A wrong rule in the engine, and the entries whose derivation uses that rule."""

    error: str
    rule: str
    spoil: Spoil
    entries: tuple[str, ...]


def spoiled(rule: Rule, spoil: Spoil) -> Rule:
    def wrong(term: Term, context: Context) -> Rewrite | None:
        right = rule.apply(term, context)
        return None if right is None else replace(right, after=spoil(term, right, context))

    return replace(rule, apply=wrong)


def plant(patch: pytest.MonkeyPatch, wrong: Rule) -> None:
    """Put ``wrong`` in the place of the rule of its name, wherever the engine looks for it."""
    replaced = []
    for module in (backpropagation, small_case):
        for name, value in list(vars(module).items()):
            if isinstance(value, Rule) and value.name == wrong.name:
                patch.setattr(module, name, wrong)
                replaced.append(name)
            elif isinstance(value, tuple) and any(
                value is RULES.get(wrong.name) for value in value
            ):
                changed = tuple(wrong if each.name == wrong.name else each for each in value)
                patch.setattr(module, name, changed)
                replaced.append(name)
    assert replaced, f"the engine doesn't use {wrong.name}"
    patch.setitem(RULES, wrong.name, wrong)


def derivative_alone(term: Term, right: Rewrite, context: Context) -> Term:
    """``∂(c f) = ∂f``."""
    return next(each for each in factors_of(right.after) if isinstance(each, Derivative))


def without_deltas(term: Term, right: Rewrite, context: Context) -> Term:
    """``∂w_q/∂w_j = 1``."""
    return ONE


def without_inner_derivative(term: Term, right: Rewrite, context: Context) -> Term:
    """``(u²)′ = 2u``."""
    return multiply(*factors_of(right.after)[:-1])


def without_last_link(term: Term, right: Rewrite, context: Context) -> Term:
    """``∂L/∂w = ∂L/∂z`` instead of ``∂L/∂z · ∂z/∂w``."""

    def visit(part: Term) -> Term:
        if isinstance(part, Product):
            return multiply(*part.factors[:-1])
        return map_children(part, visit)

    return visit(right.after)


def without_sign(term: Term, right: Rewrite, context: Context) -> Term:
    """``−(f − g) = f − g``, and whatever else loses its first sign."""
    first, *rest = terms_of(right.after)
    return add(multiply(*(f for f in factors_of(first) if not is_minus_one(f))), *rest)


def is_minus_one(term: Term) -> bool:
    return isinstance(term, Number) and term.value == -1


def without_mean(term: Term, right: Rewrite, context: Context) -> Term:
    """The 1/m is lost on the way."""
    return multiply(*(f for f in factors_of(right.after) if not is_mean(f)))


def with_mean_twice(term: Term, right: Rewrite, context: Context) -> Term:
    """The 1/m stays in front, and in the sum as well."""
    means = [f for f in factors_of(right.after) if is_mean(f)]
    return multiply(*means, right.after)


def is_mean(term: Term) -> bool:
    """``1/m``, or ``1/3`` where it is written out."""
    return isinstance(term, Power) and isinstance(term.base, (Size, Number))


def doubled_by_size(term: Term, right: Rewrite, context: Context) -> Term:
    """``Σ_i ∂f_i`` divided by the number of its terms once more."""
    assert isinstance(right.after, Sum)
    size = right.after.index.size
    count: Term = Size(size) if isinstance(size, str) else Number(Fraction(size))
    return multiply(power(count, -1), right.after)


def one_index_too_many(term: Term, right: Rewrite, context: Context) -> Term:
    """A fold that gives every example the first one's weight: ``Σ_i (a_i − y_i) x_11``."""
    index = next(part.index for part in walk(right.after) if isinstance(part, Sum))

    def visit(part: Term) -> Term:
        if isinstance(part, Sum) and part.index == index:
            *kept, last = factors_of(part.body)
            return Sum(index, multiply(*kept, substitute(last, {index: 1})))
        return map_children(part, visit)

    return visit(right.after)


LINEAR = ("linear_regression", "linear_regression_mean_square", "ridge_regression")
ENTROPY = ("logistic_regression", "mlp")

PLANTS = [
    Plant(
        "a dropped constant", "constant factor", derivative_alone, (*LINEAR, "logistic_regression")
    ),
    Plant(
        "a forgotten Kronecker delta",
        "derivative of a variable",
        without_deltas,
        ("linear_regression", "logistic_regression", "ridge_regression"),
    ),
    Plant(
        "a forgotten Kronecker delta of stages",
        "independence",
        lambda t, r, c: factors_of(r.after)[-1],
        ("mlp",),
    ),
    Plant(
        "a missing chain factor",
        "chain rule",
        without_last_link,
        ("linear_regression", "logistic_regression"),
    ),
    Plant("a missing inner derivative", "power rule", without_inner_derivative, LINEAR[2:]),
    Plant("a lost sign", "take the sign inside", without_sign, ENTROPY),
    Plant("a lost sign", "signs", without_sign, ("softmax_regression",)),
    Plant("a missing 1/m", "constant factor", without_mean, ("mean_loss", "softmax_regression")),
    Plant(
        "a doubled 1/m", "constant factor", with_mean_twice, ("mean_loss", "logistic_regression")
    ),
    Plant("a doubled 1/m", "sum rule under Σ", doubled_by_size, ("logistic_regression", "layer")),
    Plant(
        "a wrong fold",
        "fold",
        one_index_too_many,
        ("logistic_regression", "mean_loss", "softmax_regression"),
    ),
    Plant(
        "a wrong σ′",
        "derivative of σ",
        lambda term, right, context: multiply(
            # a (1 + a) instead of a (1 − a)
            *(
                add(*map(positive, terms_of(f))) if isinstance(f, Add) else f
                for f in factors_of(right.after)
            )
        ),
        ENTROPY,
    ),
    Plant(
        "a wrong tanh′",
        "derivative of tanh",
        lambda term, right, context: factors_of(right.after)[-1],
        ("mlp",),
    ),
    Plant(
        "a wrong ln′",
        "derivative of ln",
        lambda term, right, context: factors_of(right.after)[-1],
        ("softmax_regression",),
    ),
]


def positive(term: Term) -> Term:
    return multiply(*(f for f in factors_of(term) if not is_minus_one(f)))


CASES = [(each, entry) for each in PLANTS for entry in each.entries]


@pytest.mark.parametrize(
    ("planted", "entry"), CASES, ids=[f"{each.error} in {entry}" for each, entry in CASES]
)
def test_a_wrong_rule_is_caught_at_its_own_step(
    planted: Plant, entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrt = derivation(entry).wrt[0]
    plant(monkeypatch, spoiled(RULES[planted.rule], planted.spoil))
    found = derive.gradient(entry, wrt, check="report")
    failed = failures(found.checks, "step")
    assert failed, f"{planted.error}: no step failed"
    assert failed[0].about.startswith(f"{planted.rule} in ∂")
    # The other rules are right, and so is what they made of what the wrong one left them; only a
    # step that cites a lemma with a wrong proof puts in a wrong value.
    assert {rule_of(each) for each in failed} <= {planted.rule, "lemma"}
    for check in failed:
        assert_reported(check, rule_of(check))
    if planted.rule != "fold":  # what the fold makes is shown, and not used
        assert failures(found.checks, "small case")
    with pytest.raises(CheckFailed, match=f"the step '{planted.rule}'"):
        require(found.checks)
    if entry in LINEAR:
        with pytest.raises(CheckFailed, match=f"the step '{planted.rule}'"):
            derive.gradient(entry, wrt)


def failures(checks: tuple[Check, ...], kind: str) -> list[Check]:
    return [check for check in checks if check.kind == kind and check.status == "failed"]


def rule_of(check: Check) -> str:
    """The rule of the step that a check is about: ``"fold in ∂J/∂w_1"``."""
    return check.about.split(" in ")[0]


def assert_reported(check: Check, rule: str) -> None:
    """The report names the rule, both sides, the values, and the seed that made them."""
    assert f"the step {rule!r}" in check.message
    for part in ("before: ", "after:  ", "seed:   0"):
        assert part in check.message
    if "free index" not in check.message:
        assert "values: " in check.message
        assert check.residual is not None
        assert check.tolerance is not None
        assert check.residual > check.tolerance
    assert check.seed == 0


def test_a_wrong_entry_in_the_table_of_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in the function table instead of the rule: σ′ = σ."""
    wrong = replace(FUNCTIONS["sigmoid"], derivatives=(lambda u, out: out,))
    plant(monkeypatch, _function_rule(wrong))
    failed = failures(derive.gradient("logistic_regression", check="report").checks, "step")
    assert {rule_of(check) for check in failed} == {"derivative of σ", "lemma"}
    assert rule_of(failed[0]) == "derivative of σ"


def moved_out(part: Sum) -> Term:
    """``(Σ_i d_i) x_ij``: the index of ``x`` belongs to no sum any more."""
    *kept, last = factors_of(part.body)
    return multiply(Sum(part.index, multiply(*kept)), last)


def torn(part: Sum) -> Term:
    """``(Σ_i d_i)(Σ_i x_ij)``."""
    *kept, last = factors_of(part.body)
    return multiply(Sum(part.index, multiply(*kept)), Sum(part.index, last))


def with_sums(term: Term, close: Callable[[Sum], Term]) -> Term:
    """The term with every sum of a product closed too early."""
    if isinstance(term, Sum) and isinstance(term.body, Product):
        return close(term)
    return map_children(term, lambda child: with_sums(child, close))


@pytest.mark.parametrize("close", [torn, moved_out])
def test_a_sum_closed_too_early_in_the_engine(
    close: Callable[[Sum], Term], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the lemmas put in is torn apart."""
    original = backpropagation.Proof.take

    def wrong(self: backpropagation.Proof, step: Step) -> None:
        if step.rule == "lemma":
            step = replace(step, after=with_sums(step.after, close))
        original(self, step)

    monkeypatch.setattr(backpropagation.Proof, "take", wrong)
    if close is torn:
        failed = failures(derive.gradient("logistic_regression", check="report").checks, "step")
        assert {rule_of(check) for check in failed} == {"lemma"}
        assert failed[0].about == "lemma in ∂J/∂w_j"
        assert_reported(failed[0], "lemma")
        with pytest.raises(CheckFailed, match="the step 'lemma'"):
            derive.gradient("logistic_regression")
    else:
        with pytest.raises(DeriveError, match=r"depends on i|free index i"):
            derive.gradient("logistic_regression")


# Into the matrix form ----------------------------------------------------------------------------


def without_transposes(matrix: Matrix) -> Matrix:
    if isinstance(matrix, Transpose):
        return without_transposes(matrix.operand)
    changed = {}
    for each in fields(matrix) if is_dataclass(matrix) else ():
        value = getattr(matrix, each.name)
        if isinstance(value, Matrix):
            changed[each.name] = without_transposes(value)
        elif isinstance(value, tuple) and any(isinstance(part, Matrix) for part in value):
            changed[each.name] = tuple(without_transposes(part) for part in value)
    return replace(matrix, **changed) if changed else matrix  # type: ignore[type-var]


@pytest.mark.parametrize("entry", NAMES)
def test_a_missing_transpose_is_caught(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = gradients.vectorise

    def wrong(*arguments: object, **options: object) -> MatrixForm:
        form = original(*arguments, **options)  # type: ignore[arg-type]
        expression = form.expression
        return (
            form if expression is None else replace(form, expression=without_transposes(expression))
        )

    wrt = derivation(entry).wrt[0]
    right = {line.left: line for line in derivation(entry).matrix}
    monkeypatch.setattr(gradients, "vectorise", wrong)
    found = derive.gradient(entry, wrt, check="report")
    assert {check.kind for check in found.checks if check.status == "failed"} == {"matrix"}
    failed = failures(found.checks, "matrix")
    spoiled_forms = [
        form
        for line in found.matrix
        for form, old in (
            (line.rows, right[line.left].rows),
            (line.columns, right[line.left].columns),
        )
        if line.kind == "forward" and form.expression != old.expression
    ]
    assert spoiled_forms
    assert len(failed) >= len(spoiled_forms)
    with pytest.raises(CheckFailed, match="layout"):
        require(found.checks)


# Into a finished derivation ----------------------------------------------------------------------


def with_step(found: Derivation, lemma: int, step: int, after: Term) -> Derivation:
    """The derivation with another outcome of one step."""
    old = found.lemmas[lemma]
    steps = (*old.steps[:step], replace(old.steps[step], after=after), *old.steps[step + 1 :])
    lemmas = (*found.lemmas[:lemma], replace(old, steps=steps), *found.lemmas[lemma + 1 :])
    return replace(found, lemmas=lemmas)


def steps_of(found: Derivation, rule: str) -> Iterator[tuple[int, int, Step]]:
    for n, lemma in enumerate(found.lemmas):
        for m, step in enumerate(lemma.steps):
            if step.rule == rule:
                yield n, m, step


def first_where(found: Derivation, kind: type[Term]) -> tuple[int, int, Step]:
    return next(
        (n, m, step)
        for n, lemma in enumerate(found.lemmas)
        for m, step in enumerate(lemma.steps)
        if contains(step.after, kind)
    )


def changed_once(term: Term, wanted: Callable[[Term], bool], new: Callable[[Term], Term]) -> Term:
    """The term with the first wanted part replaced."""
    done = False

    def visit(part: Term) -> Term:
        nonlocal done
        if not done and wanted(part):
            done = True
            return new(part)
        return map_children(part, visit)

    result = visit(term)
    assert done
    return result


@pytest.mark.parametrize("entry", ["logistic_regression", "softmax_regression", "ridge_regression"])
@pytest.mark.parametrize(
    "error",
    ["dropped constant", "forgotten delta", "lost sign", "doubled mean", "closed too early"],
)
def test_a_wrong_step_in_a_finished_derivation(entry: str, error: str) -> None:
    found = by_first_parameter(entry)
    match error:
        case "dropped constant":
            n, m, step = next(steps_of(found, "constant factor"))
            after = changed_once(
                step.after,
                lambda part: isinstance(part, Product),
                lambda part: multiply(*factors_of(part)[1:]),
            )
        case "forgotten delta":
            n, m, step = first_where(found, Delta)
            after = changed_once(step.after, lambda part: isinstance(part, Delta), lambda part: ONE)
        case "lost sign":
            n, m, step = first_where(found, Number)
            after = changed_once(step.after, is_minus_one, lambda part: ONE)
        case "doubled mean":
            n, m, step = next(
                each for each in steps_of(found, "lemma") if contains(each[2].after, Size)
            )
            after = multiply(power(Size("m"), -1), step.after)
        case _:
            n, m, step = next(
                each for each in steps_of(found, "lemma") if contains(each[2].after, Sum)
            )
            after = with_sums(step.after, torn)
    assert key(after) != key(step.after)
    wrong = with_step(found, n, m, after)
    checks = [each for each in check_again(wrong) if each.status == "failed"]
    mine = [each for each in checks if each.kind == "step"]
    assert mine[0].about == f"{step.rule} in {found.lemmas[n].claim}"
    assert_reported(mine[0], step.rule)
    assert "chain" in {each.kind for each in checks}  # the next step starts from somewhere else


def test_a_step_left_out_is_a_gap() -> None:
    found = derivation("logistic_regression")
    lemma = found.lemmas[-1]
    cut = replace(lemma, steps=(*lemma.steps[:2], *lemma.steps[3:]))
    checks = check_again(replace(found, lemmas=(*found.lemmas[:-1], cut)))
    (failed,) = (each for each in checks if each.status == "failed")
    assert failed.kind == "chain"
    assert "gap before step 3" in failed.message


def test_a_wrong_fold_in_a_finished_derivation() -> None:
    found = derivation("linear_regression")
    case = found.small[0]
    *before, last = case.lemmas[-1].steps
    assert last.rule == "fold"
    folded = multiply(Number(Fraction(1, 2)), last.after)
    lemma = replace(case.lemmas[-1], steps=(*before, replace(last, after=folded)), result=folded)
    wrong = replace(case, lemmas=(*case.lemmas[:-1], lemma), folded=folded)
    checks = check_again(replace(found, small=(wrong, *found.small[1:])))
    (failed,) = (each for each in checks if each.status == "failed")
    assert failed.kind == "step"
    assert failed.about == "fold in ∂J/∂w_1"
    assert_reported(failed, "fold")


@pytest.mark.parametrize("entry", NAMES)
def test_a_wrong_result_is_caught_by_sympy_at_every_m(entry: str) -> None:
    found = derivation(entry)
    for result in found.results:
        for wrong in (negate(result.term),):
            checks = check_small_case(found.problem, result.wrt, wrong)
            assert [each.status for each in checks] == ["failed"] * 4
            for m, check in enumerate(checks, start=1):
                assert check.kind == "small case"
                assert f"m = {m}" in check.about
                assert "values: " in check.message
                assert "seed: 0" in check.message
    first = found.results[0]
    spoiled_results = (replace(first, term=multiply(Size("m"), first.term)), *found.results[1:])
    statuses = {
        check.about: check.status
        for check in check_small_case(found.problem, first.wrt, spoiled_results[0].term)
    }
    # m times too much: right by accident where m is 1.
    assert list(statuses.values()) == ["passed", "failed", "failed", "failed"]


@pytest.mark.parametrize("entry", NAMES)
def test_a_wrong_gradient_in_the_code_is_caught(entry: str) -> None:
    found = derivation(entry)
    assert check_module(found.python(), found.problem, found.wrt).status == "passed"
    for result in found.results:
        for wrong in (negate(result.term), multiply(Number(Fraction(9, 10)), result.term)):
            changed = tuple(
                replace(each, term=wrong) if each is result else each for each in found.results
            )
            source = replace(found, results=changed).python()
            check = check_module(source, found.problem, found.wrt)
            assert (check.kind, check.status) == ("code", "failed")
            assert f"the gradient by {result.wrt}" in check.message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"w": x.T @ dz / m', '"w": x.T @ dz'),
        ('"w": x.T @ dz / m', '"w": x.T @ dz / m / m'),
        ('"w": x.T @ dz / m', '"w": x.sum(axis=0) * dz.sum() / m'),
        ('"w": x.T @ dz / m', '"w": -x.T @ dz / m'),
        ('"w": x.T @ dz / m', '"w": (x.T @ dz / m)[::-1]'),
        ('"w": x.T @ dz / m', '"w": (x.T @ dz / m)[:, None]'),
        ('"w": x.T @ dz / m', '"w": np.nan * x.T @ dz'),
        ('"w": x.T @ dz / m,', ""),
    ],
)
def test_wrong_lines_in_the_module_are_caught(old: str, new: str) -> None:
    found = derivation("logistic_regression")
    source = found.python()
    assert old in source
    check = check_module(source.replace(old, new), found.problem, ("w", "b"))
    assert (check.kind, check.status) == ("code", "failed")


# Every step of the catalogue, changed in every way -----------------------------------------------


def mutants(term: Term) -> Iterator[Term]:
    """The term with one thing changed: a sign, a number, a factor, an index, a δ, a Σ, a ∂."""
    yield negate(term)
    for part in at_each_place(term):
        yield from part


def at_each_place(term: Term) -> Iterator[Iterator[Term]]:
    """For each part of the term, the whole with that part changed."""

    def inside(part: Term, rebuild: Callable[[Term], Term]) -> Iterator[Iterator[Term]]:
        yield (rebuild(changed) for changed in mutations(part))
        if isinstance(part, Derivative):
            return
        for n, child in enumerate(children(part)):

            def put(new: Term, part: Term = part, n: int = n) -> Term:
                positions = iter(range(len(children(part))))
                return rebuild(
                    map_children(part, lambda each: new if next(positions) == n else each)
                )

            yield from inside(child, put)

    yield from inside(term, lambda new: new)


def mutations(part: Term) -> Iterator[Term]:
    match part:
        case Number(value=value):
            yield Number(value + 1)
            yield Number(-value)
        case Size(name=name):
            yield multiply(Number(Fraction(2)), Size(name))
        case Product(factors=factors):
            for n in range(len(factors)):
                yield multiply(*factors[:n], *factors[n + 1 :])
            yield multiply(factors[0], *factors)
        case Add(terms=terms):
            for n, each in enumerate(terms):
                yield add(*terms[:n], negate(each), *terms[n + 1 :])
                yield add(*terms[:n], *terms[n + 1 :])
        case Delta():
            yield ONE
        case Sum(body=body):
            yield body
        case Power(base=base):
            yield base
        case Ref(name=name, indices=places):
            for n, place in enumerate(places):
                other = (
                    Index(place.name + "_", place.size) if isinstance(place, Index) else 3 - place
                )
                yield Ref(name, (*places[:n], other, *places[n + 1 :]))
        case Apply(arguments=(argument,), function=function) if function in FUNCTIONS:
            yield argument
        case Derivative():
            yield ONE
        case _:
            pass


MUTANTS_A_STEP = 6


@pytest.mark.parametrize("entry", NAMES)
def test_every_mutation_of_every_step_is_caught(entry: str) -> None:
    """100 % of the mutations that change the value; the others are equal at other points too."""
    found = derivation(entry)
    general = [step for lemma in found.lemmas for step in lemma.steps]
    general += [step for each in found.meanings for step in (*each.of_cost.steps, *each.equality)]
    written_out = [step for case in found.small for lemma in case.lemmas for step in lemma.steps]
    sizes = dict(found.sizes)
    caught = 0
    for steps, at in ((general, None), (written_out, sizes)):
        checker = StepChecker(found.problem, at)
        doubters = [StepChecker(found.problem, at, seed=seed) for seed in (71, 72)]
        for step in unique(steps):
            for after in chosen(step, random.Random(f"{entry} {step.rule} {step.after}")):
                mutant = Step(step.rule, step.reason, step.before, after)
                check = checker.check(mutant)
                if check.status == "failed":
                    caught += 1
                elif check.status == "passed":
                    for doubter in doubters:
                        message = f"{step.before}  ⟶  {after} was not caught"
                        assert doubter.check(mutant).status == "passed", message
    assert caught > 120


def unique(steps: list[Step]) -> list[Step]:
    """The steps without repetitions. In the written-out case the examples are alike: of each
    rule, some are enough."""
    found: dict[object, Step] = {}
    for step in steps:
        found.setdefault((key(step.before), key(step.after)), step)
    by_rule: dict[str, int] = {}
    kept = []
    for step in found.values():
        by_rule[step.rule] = by_rule.get(step.rule, 0) + 1
        if by_rule[step.rule] <= 8:
            kept.append(step)
    return kept


def chosen(step: Step, source: random.Random) -> list[Term]:
    everything = [each for each in mutants(step.after) if key(each) != key(step.after)]
    if len(everything) <= MUTANTS_A_STEP:
        return everything
    return source.sample(everything, MUTANTS_A_STEP)


# What a check can't do ---------------------------------------------------------------------------


def test_a_check_that_could_not_run_does_not_pass() -> None:
    w = derive.parameters("w")
    cost = derive.ln(-(w**2))  # has no value anywhere
    found = derive.gradient(cost, check="report")
    assert not found.passed
    assert {each.status for each in found.checks if each.kind == "step"} == {"could not run"}
    with pytest.raises(CheckFailed, match="no value"):
        derive.gradient(cost)


def test_the_report_of_a_failed_check_is_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(FUNCTIONS["tanh"], derivatives=(lambda u, out: add(ONE, power(out, 2)),))
    plant(monkeypatch, _function_rule(wrong))
    with pytest.raises(CheckFailed) as raised:
        derive.gradient("mlp", wrt="W1")
    text = str(raised.value)
    for part in (
        "the step 'derivative of tanh' in ∂a⁽¹⁾_ih/∂z⁽¹⁾_ih changes the value",
        "before: ∂/∂z⁽¹⁾_ih tanh z⁽¹⁾_ih",
        "after:  (1 + ",
        "values: z1[1, 1] = ",
        "seed:   0",
    ):
        assert part in text
