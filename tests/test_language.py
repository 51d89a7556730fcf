"""The authors' language: what it accepts, and the clear error for everything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

import derive
from derive.errors import CheckFailed, DeriveError, InputError, Unsupported
from derive.language import Expression, Named
from derive.model import Problem
from derive.terms import Number, Power, Size, Sum

i, j, k = derive.indices("i:m", "j:n", "k:K")


def parameter_w() -> Named:
    return derive.parameters("w")


# What it accepts ---------------------------------------------------------------------------------


def test_the_example_of_the_documentation() -> None:
    i, j = derive.indices("i:m", "j:n")
    x, y = derive.data("x[i,j]", "y[i]")
    w, b = derive.parameters("w[j]", "b")
    z = derive.define("z[i]", derive.sum(w[j] * x[i, j], over=j) + b)
    a = derive.define("a[i]", derive.sigmoid(z[i]))
    L = derive.define("L[i]", -(y[i] * derive.ln(a[i]) + (1 - y[i]) * derive.ln(1 - a[i])))
    J = derive.mean(L[i], over=i)
    found = derive.gradient(J, wrt=w, m=2)
    assert str(found.result) == "(1/m) Σᵢ₌₁ᵐ (a_i − y_i) x_ij"
    assert found.passed
    assert found.wrt == ("w",)
    assert [definition.name for definition in found.problem.definitions] == ["z", "a", "L", "J"]
    assert [quantity.name for quantity in found.problem.parameters] == ["w", "b"]


def test_a_quantity_a_name_and_several_can_be_differentiated_by() -> None:
    x, w, b = derive.data("x[i]"), *derive.parameters("w", "b")
    cost = derive.mean((w * x[i] + b) ** 2, over=i)
    by_name = derive.gradient(cost, "w", check="none")
    assert by_name.result == derive.gradient(cost, w, check="none").result
    assert derive.gradient(cost, [w, "b"], check="none").wrt == ("w", "b")
    assert derive.gradient(cost, ["w", w], check="none").wrt == ("w",)
    assert derive.gradient(cost, check="none").wrt == ("w", "b")
    assert str(derive.gradient(cost, x, check="none").result) == "(2/m) (w x_i + b) w"


def test_expressions_keep_the_order_in_which_they_are_written() -> None:
    w, v = derive.parameters("w", "v")
    assert str(w * v + 1) == "w v + 1"
    assert str(1 - w) == "1 − w"
    assert str(w - v - 1) == "w − v − 1"
    assert str(-(w - v)) == "−(w − v)"
    assert str(+w) == "w"
    assert str(w * 2) == "2w"
    assert str(w / 2) == "w/2"
    assert str(1 / w) == "1/w"
    assert str(w / v**2) == "w/v²"
    assert str(w**0) == "1"
    assert str(w ** Fraction(1, 2)) == "√w"
    assert (w - (-v)).term == (w + v).term


def test_sums_over_several_indices_and_means() -> None:
    x = derive.data("x[i,j]")
    nested = derive.sum(derive.sum(x[i, j], over=j), over=i)
    assert derive.sum(x[i, j], over=(i, j)).term == nested.term
    assert str(derive.mean(x[i, j], over=(i, j))) == "(1/(m n)) Σᵢ₌₁ᵐ Σⱼ₌₁ⁿ x_ij"
    assert derive.size(i).term == Size("m")
    assert derive.size("N").term == Size("N")
    assert derive.size(derive.indices("r:3")).term == Number(Fraction(3))


def test_a_bound_index_may_share_its_letter_with_the_head() -> None:
    z = derive.data("z[i,k]")
    total = derive.sum(derive.exp(z[i, k]), over=k)
    p = derive.define("p[i,k]", derive.exp(z[i, k]) / total)
    problem = derive.problem(derive.sum(p[i, k], over=(i, k)), spare=[derive.indices("l:K")])
    body = problem.definitions[0].body
    assert str(body) == "exp(z_ik)/(Σₗ₌₁ᴷ exp(z_il))"


def test_an_array_may_be_used_with_another_letter_than_it_was_declared_with() -> None:
    q = derive.indices("q:n")
    x = derive.data("x[i,j]")
    problem = derive.problem(derive.sum(x[i, q], over=(i, q)))
    assert problem.quantity("x").shape == ("m", "n")
    assert [index.name for index in problem.quantity("x").indices] == ["i", "j"]


def test_facts_domains_and_spare_letters_reach_the_problem() -> None:
    y = derive.data("y[i,k]", domain="probabilities", meaning="labels")
    w = derive.parameters("w[k]")
    cost = derive.mean(derive.sum(y[i, k] * w[k], over=k), over=i)
    implied = derive.problem(cost)
    assert [fact.reason for fact in implied.facts] == ["probabilities sum to one"]
    fact = derive.fact(derive.sum(y[i, k], over=k), 1, reason="one-hot")
    assert [each.reason for each in derive.problem(cost, facts=[fact]).facts] == ["one-hot"]
    assert implied.quantity("y").domain == "probabilities"
    assert implied.quantity("y").meaning == "labels"
    assert implied.example_index == i
    assert implied.size_names == ("m", "K")


def test_a_fact_is_cited_where_it_is_used() -> None:
    y = derive.data("y[i,k]", domain="probabilities")
    w = derive.parameters("w")
    fact = derive.fact(derive.sum(y[i, k], over=k), 1, reason="labels are one-hot")
    cost = derive.mean(w**2 * derive.sum(y[i, k], over=k), over=i)
    found = derive.gradient(derive.problem(cost, facts=[fact]))
    cited = [step for step in found.steps if step.rule == "fact"]
    assert cited
    assert "labels are one-hot" in str(cited[0].reason)
    assert found.passed


def test_hyperparameters_are_constants_that_stand_in_front() -> None:
    w, penalty = derive.parameters("w[j]"), derive.hyperparameter("lambda_")
    found = derive.gradient(derive.sum(penalty * w[j] ** 2, over=j))
    assert str(found.result) == "2λ w_j"
    assert found.problem.quantity("lambda_").domain == "positive"


def test_abstract_functions_of_one_and_of_several_arguments() -> None:
    x, y = derive.data("x[i]", "y[i]")
    w = derive.parameters("w")
    g, ell = derive.function("g"), derive.function("ell", arguments=2)
    found = derive.gradient(derive.mean(ell(g(w * x[i]), y[i]), over=i))
    assert found.passed
    assert str(found.result) == "(1/m) Σᵢ₌₁ᵐ ∂₁ℓ(g(w x_i), y_i) g′(w x_i) x_i"


def test_a_family_is_one_argument() -> None:
    a, y = derive.parameter("a[i,k]"), derive.data("y[i,k]")
    ell = derive.function("ell", arguments=2)
    L = derive.define("L[i]", ell(derive.family(a[i, k], over=k), derive.family(y[i, k], over=k)))
    found = derive.gradient(derive.mean(L[i], over=i))
    assert str(found.result) == "(1/m) · ∂L_i/∂a_ik"
    assert found.passed


def test_a_cost_may_be_a_name_a_parameter_or_a_problem() -> None:
    w = parameter_w()
    assert str(derive.gradient(w).result) == "1"
    assert str(derive.gradient(derive.define("E", w**2)).result) == "2w"
    problem = derive.problem(w**2)
    assert derive.problem(problem) is problem  # type: ignore[arg-type]
    assert derive.gradient(problem).problem is problem


def test_sizes_are_read_off_the_indices() -> None:
    x = derive.data("x[i,j]")
    problem = derive.problem(derive.mean(derive.sum(x[i, j], over=j), over=i), sizes={"m": 4})
    assert problem.quantity("x").shape == ("m", "n")
    assert dict(problem.default_sizes) == {"m": 4}


def test_symbols_print_and_their_arrays_too() -> None:
    x = derive.data("x[i,j]", latex=r"\xi", text="ξ", stack_latex=r"\Xi", stack_text="Ξ")
    quantity = derive.problem(derive.sum(x[i, j], over=(i, j))).quantity("x")
    assert (quantity.latex, quantity.text) == (r"\xi", "ξ")
    assert (quantity.stack_latex, quantity.stack_text) == (r"\Xi", "Ξ")


@pytest.mark.parametrize(
    "name", ["match", "print", "sum", "exp", "cost", "gradient", "seed", "self"]
)
def test_names_that_mean_something_elsewhere(name: str) -> None:
    x, w = derive.data("x[i]"), derive.parameters(name)
    assert derive.gradient(derive.mean((w * x[i]) ** 2, over=i)).passed


# What it refuses ---------------------------------------------------------------------------------


def twice() -> Problem:
    a, c = derive.data("x[i]"), derive.parameters("x[j]")
    return derive.problem(derive.sum(a[i], over=i) + derive.sum(c[j], over=j))


def defined_twice() -> Problem:
    x, w = derive.data("x[i]"), parameter_w()
    one, other = derive.define("z[i]", x[i] * w), derive.define("z[i]", x[i] + w)
    return derive.problem(derive.mean(one[i] + other[i], over=i))


def shape() -> Problem:
    x, w = derive.data("x[i,j]"), derive.parameters("w[j]")
    z = derive.define("z[i]", derive.sum(w[j] * x[i, j], over=j))
    q = derive.define("q[k]", z[k])
    return derive.problem(derive.sum(q[k], over=k))


def shape_in_a_fact() -> Problem:
    y, w = derive.data("y[i,k]"), derive.parameters("w")
    cost = derive.mean(derive.sum(y[i, k] * w, over=k), over=i)
    fact = derive.fact(derive.sum(y[k, i], over=k), 1, reason="one-hot")
    return derive.problem(cost, facts=[fact])


def two_ranges() -> Problem:
    other = derive.indices("i:n")
    x, y = derive.data("x[i]", "y[j]")
    return derive.problem(derive.sum(x[i], over=i) + derive.sum(y[other], over=other))


def index_named_like_a_size() -> Problem:
    second = derive.indices("m:n")
    x = derive.data("x[i,m]")
    return derive.problem(derive.sum(x[i, second], over=(i, second)))


def clash(name: str) -> Callable[[], Problem]:
    def write() -> Problem:
        x, w = derive.data("x[i]"), derive.parameters(name)
        return derive.problem(derive.mean((w * x[i]) ** 2, over=i))

    return write


def clash_of_function(name: str) -> Callable[[], Problem]:
    def write() -> Problem:
        x, w = derive.data("x[i]"), parameter_w()
        return derive.problem(derive.mean(derive.function(name)(w * x[i]), over=i))

    return write


def two_functions() -> Problem:
    w = parameter_w()
    return derive.problem(derive.function("f")(w) + derive.function("f", arguments=2)(w, w))


def sign(of_z: str, *parameters: str, **symbols: str) -> Callable[[], Problem]:
    """A model whose parameter stands beside the array X."""

    def write() -> Problem:
        x, p = derive.data("x[i,j]", **symbols), derive.parameter(parameters[0])
        z = derive.define(of_z, derive.sum(p[j] * x[i, j], over=j))
        return derive.problem(derive.mean(derive.exp(z[i]), over=i))

    return write


def bare(name: str) -> Callable[[], Problem]:
    def write() -> Problem:
        x, w = derive.data("x[i]"), derive.parameters(name)
        return derive.problem(derive.mean(derive.exp(w * x[i]), over=i))

    return write


def differential() -> Problem:
    return derive.problem(derive.parameters("dJ") ** 2)


def function_like_sigma() -> Problem:
    x, w = derive.data("x[i]"), parameter_w()
    body = derive.function("g", latex=r"\sigma", text="σ")(derive.sigmoid(w * x[i]))
    return derive.problem(derive.mean(body, over=i))


def test_a_sign_of_its_own_or_one_that_clashes_with_nothing() -> None:
    assert sign("z[i]", "X[j]", stack_latex=r"\Phi", stack_text="Φ")().quantity("x").text == "x"
    assert sign("z[i]", "v[j]")().quantity("v").text == "v"
    i, d, e = derive.indices("i:m"), *derive.data("d[i]", "e[i]")
    problem = derive.problem(derive.mean(derive.exp(parameter_w() * d[i]) * e[i], over=i))
    assert [quantity.text for quantity in problem.inputs if quantity.role == "data"] == ["d", "e"]


LONG = "a" * 501
TOO_LONG: dict[str, Callable[[], object]] = {
    "a title": lambda: derive.problem(parameter_w() ** 2, title=LONG),
    "a name of a problem": lambda: derive.problem(parameter_w() ** 2, name=LONG),
    "a name": lambda: derive.data(LONG),
    "a name of an index": lambda: derive.indices(f"{LONG}:2"),
    "a meaning": lambda: derive.data("x", meaning=LONG),
    "a meaning of a stage": lambda: derive.define("z", parameter_w(), meaning=LONG),
    "a meaning of a function": lambda: derive.function("g", meaning=LONG),
}


@pytest.mark.parametrize("case", TOO_LONG)
def test_texts_have_at_most_500_characters(case: str) -> None:
    with pytest.raises(InputError, match="has 501 characters; at most 500"):
        TOO_LONG[case]()


@pytest.mark.parametrize("key", ["title", "name"])
def test_a_text_that_is_read_has_at_most_500_characters(key: str) -> None:
    from derive.exporters import json as exported

    text = derive.gradient(derive.problem(parameter_w() ** 2)).json()
    found = {**json.loads(text), key: LONG}
    with pytest.raises(InputError, match=f"{key}: the text has 501 characters"):
        exported.read(json.dumps(found))


def fact_about_nothing() -> Problem:
    foreign = derive.data("q[i]")
    return derive.problem(
        parameter_w() ** 2, facts=[derive.fact(derive.sum(foreign[i], over=i), 1, reason="r")]
    )


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    # the shape of things
    "a shape": (
        shape,
        r"definition of q\[k\], z_k has the shape K, but z was declared as z\[i\] with the shape m",
    ),
    "a shape in a fact": (shape_in_a_fact, r"in the fact .*has the shape K×m.*the shape m×K"),
    "one letter for two ranges": (two_ranges, r"the index i runs to m and, in .*, to n"),
    "an index outside its sum": (
        lambda: derive.define("z[i]", derive.data("x[i,j]")[i, j]),
        r"the index j is used outside its sum in the definition of z\[i\]",
    ),
    "an index outside the cost": (
        lambda: derive.problem(derive.mean(derive.data("x[i,j]")[i, j], over=i)),
        r"the index j is used outside its sum in the definition of J",
    ),
    "a cost with an index": (
        lambda: derive.problem(derive.define("J[i]", derive.data("x[i]")[i])),
        r"the cost J\[i\] still has the index i",
    ),
    "too few indices": (
        lambda: derive.data("x[i,j]")[i],
        r"x was declared as x\[i,j\], with 2 indices, but x\[i\] gives 1",
    ),
    "too many indices": (lambda: derive.data("x[i]")[i, j], r"with 1 index, but x\[i,j\] gives 2"),
    "an index on a scalar": (lambda: parameter_w()[i], "with 0 indices"),
    "no index": (lambda: derive.data("x[i,j]") * 2, r"x has 2 indices: write x\[i,j\], not x"),
    "a number as an index": (lambda: derive.data("x[i]")[1], "1 is not an index"),
    "text as an index": (lambda: derive.data("x[i]")["i"], "'i' is not an index"),
    "an index as a number": (lambda: i * parameter_w(), "the index i cannot stand in a formula"),
    # names
    "a name twice": (twice, r"x is defined twice: as data x\[i\] and as parameter x\[j\]"),
    "a definition twice": (defined_twice, "the name z is defined twice"),
    "the name of the cost": (clash("J"), "the name J is defined twice"),
    "the name of a size": (clash("m"), "m is the name of a size and of the parameter m"),
    "the name of an index": (clash("i"), "i is the name of an index and of the parameter i"),
    "a function with the name of a quantity": (clash_of_function("w"), "w is the name of"),
    "a function with the name of a size": (clash_of_function("m"), "m is the name of a size"),
    "a known function": (clash_of_function("exp"), "exp is a known function"),
    "an array that prints as a quantity": (
        sign("z[i]", "X[j]"),
        r"(the array of x and X|X and the array of x) both print as X: .*stack_latex=",
    ),
    "the e of the exponential function": (bare("e"), "the e of the .* print as e"),
    "the d of derivatives": (bare("d"), "the d of derivatives and d both print as d"),
    "the Kronecker delta": (sign("z[i]", "delta[j]"), "the Kronecker delta and delta both"),
    "a differential": (differential, "the differential of J and dJ both print as dJ"),
    "a function that prints as another": (function_like_sigma, "the function g both print as σ"),
    "two functions of one name": (two_functions, "the function f is declared twice"),
    "an index with the name of its size": (lambda: derive.indices("m:m"), "different names"),
    "an index with the name of a size": (index_named_like_a_size, "of an index and of a size"),
    "a word of Python": (lambda: derive.parameters("lambda"), "call it 'lambda_'"),
    "None": (lambda: derive.data("None[i]"), "'None' is a word of Python"),
    "a word of Python as a size": (lambda: derive.indices("i:lambda"), "a word of Python"),
    "a name with a dash": (lambda: derive.parameters("x-y"), "'x-y' is not a name"),
    "a Greek letter": (lambda: derive.parameters("σ"), "ASCII letters"),
    "a leading underscore": (lambda: derive.parameters("_x"), "'_x' is not a name"),
    "an empty name": (lambda: derive.parameters(""), "is not a declaration"),
    "a number as a name": (lambda: derive.data(3), "3 is not text"),  # type: ignore[call-overload]
    "nothing declared": (derive.data, "nothing was declared"),
    "a bad name of a problem": (lambda: derive.problem(parameter_w() ** 2, name="a b"), "'a b'"),
    # declarations
    "an index without size": (lambda: derive.indices("i"), "is not an index"),
    "an index with an empty size": (lambda: derive.indices("i:"), "the size is a name or a number"),
    "a size of 0": (lambda: derive.indices("i:0"), "at least one value"),
    "a negative size": (lambda: derive.indices("i:-1"), "the size is a name or a number"),
    "a prime": (lambda: derive.indices("i':m"), "is not an index"),
    "no text": (lambda: derive.indices(3), "3 is not text"),  # type: ignore[call-overload]
    "an index twice": (lambda: derive.data("x[i,i]"), "has the same index twice"),
    "a bracket left open": (lambda: derive.data("x[i"), "is not a declaration"),
    "an empty bracket": (lambda: derive.data("x[]"), "'' is not an index"),
    "an unknown domain": (
        lambda: derive.data("x[i]", domain="odd"),  # type: ignore[call-overload]
        "the domain 'odd' is none of real, positive",
    ),
    "an unknown orientation": (
        lambda: derive.parameter("w[j]", orientation="up"),  # type: ignore[arg-type]
        "'column' or 'row'",
    ),
    "probabilities of a scalar": (
        lambda: derive.data("y", domain="probabilities"),
        "probabilities need an index",
    ),
    "one symbol for two": (
        lambda: derive.data("x[i]", "y[i]", latex="x"),  # type: ignore[call-overload]
        "describe one quantity",
    ),
    "a function of nothing": (lambda: derive.function("f", arguments=0), "at least one argument"),
    "the wrong number of arguments": (
        lambda: derive.function("f", arguments=2)(parameter_w()),
        "f takes 2 arguments, but was given 1",
    ),
    "a fact about what isn't there": (fact_about_nothing, "q, which the cost doesn't use"),
    "a size that isn't there": (
        lambda: derive.problem(parameter_w() ** 2, sizes={"m": 3}),
        "has no size 'm'",
    ),
    # numbers
    "a rounded number": (lambda: parameter_w() * 0.5, r"such as Fraction\(1, 2\)"),
    "a rounded number in front": (lambda: 0.1 + parameter_w(), r"Fraction\(1, 10\)"),
    "a NumPy number": (lambda: parameter_w() * np.float64(0.5), r"Fraction\(1, 2\)"),
    "a NumPy array": (lambda: parameter_w() * np.ones(2), "cannot stand in a formula"),
    "a truth value": (lambda: parameter_w() * True, "True cannot stand in a formula"),
    "text": (lambda: parameter_w() + "x", "'x' cannot stand in a formula"),  # type: ignore[operator]
    "dividing by 0": (lambda: parameter_w() / 0, "w is divided by 0"),
    "dividing by a hidden 0": (lambda: 1 / (parameter_w() * 0), "1 is divided by 0"),
    "a negative power of 0": (lambda: (parameter_w() * 0) ** -1, "divided by 0"),
    # what a formula isn't
    "a rounded exponent": (lambda: parameter_w() ** 0.5, "an exponent is an integer or a Fraction"),  # type: ignore[operator]
    "a formula as the exponent of a number": (lambda: 2 ** parameter_w(), "an exponent is"),
    "@": (lambda: parameter_w() @ parameter_w(), "products of arrays with their indices"),
    "float": (lambda: float(parameter_w()), "is a formula, not a number"),
    "iteration": (lambda: list(derive.data("x[i]")), "cannot be unpacked"),
    "unpacking": (lambda: [*(parameter_w() + 1)], "cannot be unpacked"),
    "a comparison": (lambda: parameter_w() < 3, "cannot be compared with 3"),
    "equality": (lambda: parameter_w() == 0, "cannot be compared with 0"),
    "inequality": (lambda: parameter_w() != parameter_w(), "cannot be compared with w"),
    "max": (lambda: max(parameter_w(), 0), "cannot be compared"),  # type: ignore[type-var]
    "a truth": (lambda: bool(parameter_w()), "neither true nor false"),
    # sums
    "a sum over text": (lambda: derive.sum(parameter_w(), over="i"), "'i' is not an index to sum"),  # type: ignore[arg-type]
    "a sum over a number": (lambda: derive.sum(parameter_w(), over=3), "3 is not an index"),  # type: ignore[arg-type]
    "a sum over nothing": (lambda: derive.sum(parameter_w(), over=()), "no index to sum over"),
    "a sum over one index twice": (
        lambda: derive.sum(parameter_w(), over=(i, i)),
        "the same index twice",
    ),
    "a family over two": (
        lambda: derive.family(derive.data("x[i,j]")[i, j], over=(i, j)),  # type: ignore[arg-type]
        "a family runs over one index",
    ),
    "a family as a number": (
        lambda: 2 * derive.family(derive.data("a[k]")[k], over=k),
        "is not one value",
    ),
    "a known function of a family": (
        lambda: derive.exp(derive.family(derive.data("a[k]")[k], over=k)),
        "is not one value",
    ),
    # costs
    "a number as a cost": (lambda: derive.problem(3), "3 is not a cost"),  # type: ignore[arg-type]
    "an array as a cost": (lambda: derive.problem(derive.data("x[i]")), r"write x\[i\]"),
    "nothing as a cost": (lambda: derive.gradient(None), "None is not a cost"),  # type: ignore[arg-type]
    "a cost without parameters": (
        lambda: derive.gradient(derive.mean(derive.data("x[i]")[i], over=i)),
        "has no parameters",
    ),
    "an unknown parameter": (
        lambda: derive.gradient(parameter_w() ** 2, wrt="v"),
        "no quantity 'v'; it has w, J",
    ),
    "a parameter that the cost doesn't depend on": (
        lambda: derive.gradient(parameter_w() ** 2, wrt=derive.parameters("b")),
        "the cost J does not depend on b",
    ),
    "a number as a parameter": (
        lambda: derive.gradient(parameter_w() ** 2, wrt=3),  # type: ignore[arg-type]
        "3 is not a name or a quantity",
    ),
    "no parameter": (lambda: derive.gradient(parameter_w() ** 2, wrt=[]), "wrt is empty"),
    "the cost as a parameter": (
        lambda: derive.gradient(parameter_w() ** 2, wrt="J"),
        "the cost itself",
    ),
    "a stage as a parameter": (
        lambda: derive.gradient("logistic_regression", wrt="a"),
        "is a stage of the model",
    ),
    "an unknown entry": (lambda: derive.gradient("logistic"), "did you mean logistic_regression"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    write, message = REFUSED[case]
    with pytest.raises(InputError, match=message) as raised:
        write()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "symbol",
    [
        "",
        "x%",
        "$x$",
        "x&y",
        "x#1",
        "x~y",
        "x}",
        "{x",
        r"x}\evil{",
        r"\input{x}",
        r"\write18{ls}",
        r"\def\x{}",
        r"\csname x\endcsname",
        r"\catcode`\%",
        r"\\",
        "x\n\ny",
        r"\immediate\openout",
        "\\",
    ],
)
def test_a_latex_symbol_cannot_smuggle_anything_in(symbol: str) -> None:
    for declare in (derive.data, derive.parameter, derive.hyperparameter):
        with pytest.raises(InputError, match="LaTeX symbol"):
            declare("x[i]", latex=symbol)
    for declare in (derive.data, derive.parameter):
        with pytest.raises(InputError, match="LaTeX symbol"):
            declare("x[i]", stack_latex=symbol)
    with pytest.raises(InputError, match="LaTeX symbol"):
        derive.define("z", parameter_w(), latex=symbol)
    with pytest.raises(InputError, match="LaTeX symbol"):
        derive.function("f", latex=symbol)


@pytest.mark.parametrize("symbol", ["", " ", "a\nb", "\x1b[31m", "a\u202eb", "\x00"])
def test_a_text_symbol_cannot_spoil_a_terminal(symbol: str) -> None:
    with pytest.raises(InputError, match="empty or holds what doesn't print"):
        derive.data("x[i]", text=symbol)
    with pytest.raises(InputError, match="empty or holds what doesn't print"):
        derive.data("x[i]", stack_text=symbol)
    with pytest.raises(InputError, match="empty or holds what doesn't print"):
        derive.function("f", text=symbol)


def test_what_has_no_value_anywhere_is_found_by_the_checks() -> None:
    w = parameter_w()
    with pytest.raises(CheckFailed, match="no value"):
        derive.gradient(w / (w - w))


def test_what_cannot_be_derived_names_the_culprit() -> None:
    x, y = derive.data("x[i,j]", "y[i]")
    W = derive.parameters("W[k,j]")
    ell = derive.function("ell", arguments=2)
    inner = derive.family(derive.sum(W[k, j] * x[i, j], over=j), over=k)
    with pytest.raises(
        Unsupported, match=r"there is no rule for .*; give the inner expression a name"
    ):
        derive.gradient(derive.mean(ell(inner, y[i]), over=i))


def test_expressions_are_hashable_and_know_what_they_are_made_of() -> None:
    x, w = derive.data("x[i]"), parameter_w()
    product = w * x[i]
    assert {product: 1}[product] == 1
    assert [named.name for named in product.named] == ["w", "x"]
    assert isinstance(product, Expression)
    assert isinstance(derive.sum(product, over=i).term, Sum)
    assert isinstance((1 / derive.size(i)).term, Power)


def test_every_error_is_of_one_family() -> None:
    for kind in (InputError, Unsupported, CheckFailed):
        assert issubclass(kind, DeriveError)


def test_an_exponent_may_be_a_hyperparameter_and_no_more():
    i = derive.indices("i:m")
    w, x = derive.parameter("w", domain="positive"), derive.data("x[i]", domain="positive")
    p = derive.hyperparameter("p", domain="positive")
    result = derive.gradient(derive.mean((w * x[i]) ** p, over=i), wrt="w").result
    assert str(result) == "(p/m) Σᵢ₌₁ᵐ (w x_i)^(p − 1) x_i"
    with pytest.raises(Unsupported, match="there is no rule for ∂/∂w w"):
        derive.gradient(derive.mean(w**w * x[i], over=i), wrt="w")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tanh", r"tanh is a known function, write derive\.tanh"),
        ("max", r"max is a known function, write derive\.maximum"),
        ("det", r"det is a known function, write derive\.det"),
        ("polygamma", "polygamma is a known function; it isn't abstract"),
    ],
)
def test_no_abstract_function_has_the_name_of_a_known_one(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        derive.function(name)
