"""The two independent ways to a number agree, and every report is the same in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal

import pytest

from derive.catalogue import NAMES, load
from derive.checks.oracle import differentiate
from derive.evaluation import Evaluator
from derive.sampling import draw, sample_functions
from derive.terms import Derivative, Ref


@pytest.mark.parametrize("name", NAMES)
def test_differences_agree_with_sympy(name: str) -> None:
    import sympy

    problem = load(name)
    sizes = {size: number for number, size in enumerate(problem.size_names, start=2)}
    values = draw(problem, sizes, seed=7)
    functions = sample_functions(problem, 7)
    evaluator = Evaluator(
        problem, sizes, values, {each: function.value for each, function in functions.items()}
    )
    numbers = {
        sympy.Symbol("_".join(map(str, (each, *places)))): sympy.Rational(*value.as_integer_ratio())
        for each, array in values.items()
        for places, value in array.items()
    }
    for parameter in problem.parameters:
        component = Ref(parameter.name, tuple(sizes[str(i.size)] for i in parameter.indices))
        theirs = differentiate(problem, component, sizes, function_seed=7).evalf(40, subs=numbers)
        ours = evaluator.value(Derivative(problem.cost.head, component))
        assert abs(ours - Decimal(str(theirs))) < Decimal("1e-28"), parameter.name


REPORT = """
from derive.catalogue import load
from derive.checks.oracle import check_small_case
from derive.checks.steps import check_step
from derive.derivation import Prose, Step
from derive.terms import Derivative, Ref
problem = load("mean_loss")
i = problem.example_index
claim = Derivative(Ref("L", (i,)), Ref("z", (i,)))
step = Step("planted", Prose(("no reason",)), claim, Ref("a", (i,)))
print(check_step(step, problem))
print(check_small_case(problem, "b", claim.of, counts=(1, 2)))
"""


def test_reports_do_not_depend_on_the_hash_seed() -> None:
    reports = {
        subprocess.run(
            [sys.executable, "-c", REPORT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(reports) == 1
    assert "failed" in reports.pop()
