"""JSON: it reads back to an equal derivation, and complains about anything else."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import derive
from derive import catalogue, terms
from derive.derivation import Check
from derive.errors import InputError, Unsupported
from derive.exporters import json as exporter
from derive.exporters.reading import MOST_LEVELS, Cursor, parse
from derive.exporters.s_expressions import read_matrix, read_term, write_matrix, write_term
from derive.matrix import expression as matrices
from derive.terms import Add, Apply, Delta, Derivative, Family, Index, Number, Origin, Ref, Size

every_entry = pytest.mark.parametrize("name", catalogue.NAMES)
SCHEMA = Path(exporter.__file__).with_name("derivation.schema.json")


@pytest.fixture(scope="module")
def text(derivation_of) -> str:
    return exporter.export(derivation_of("logistic_regression"))


@pytest.fixture
def data(text) -> dict:
    return json.loads(text)


# Round trip --------------------------------------------------------------------------------------


@every_entry
def test_it_reads_back_to_an_equal_derivation(name, derivation_of):
    derivation = derivation_of(name)
    text = exporter.export(derivation)
    back = derive.from_json(text)
    assert back == derivation
    # Origins take no part in equality, but they are written.
    assert exporter.export(back) == text


@every_entry
def test_what_is_kept_reads_back_to_an_equal_derivation(name, derivation_of):
    derivation = derivation_of(name)
    kept = exporter.compact(derivation)
    back = derive.from_json(kept)
    assert back == derivation
    # Origins and prose are among what is kept.
    assert exporter.export(back) == exporter.export(derivation)
    assert "\n" not in kept


def test_origins_come_back(derivation_of):
    derivation = derivation_of("logistic_regression")
    back = derive.from_json(exporter.export(derivation))

    def origins(result):
        return [getattr(part, "origin", None) for part in terms.walk(result.term)]

    assert [origins(each) for each in back.results] == [
        origins(each) for each in derivation.results
    ]
    assert any(origin for origin in origins(back.results[0]))


def test_what_came_back_prints_and_computes_the_same(derivation_of):
    derivation = derivation_of("softmax_regression")
    back = derive.from_json(exporter.export(derivation))
    assert back.latex() == derivation.latex()
    assert back.text() == derivation.text()
    assert back.python() == derivation.python()


@every_entry
def test_it_keeps_to_its_schema(name, derivation_of):
    from jsonschema import Draft202012Validator

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    data = json.loads(exporter.export(derivation_of(name)))
    assert [error.json_path for error in Draft202012Validator(schema).iter_errors(data)] == []


def test_the_schema_refuses_what_is_no_derivation(data):
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    for spoil in (
        lambda data: data.pop("name"),
        lambda data: data.update(more=1),
        lambda data: data["results"][0].update(term=["pluss", ["size", "m"]]),
        lambda data: data["results"][0].update(term=["power", ["size", "m"]]),
        lambda data: data["checks"][0].update(status="skipped"),
    ):
        spoiled = copy.deepcopy(data)
        spoil(spoiled)
        assert not validator.is_valid(spoiled)


def test_the_promised_keys_are_there(data):
    assert {
        "name", "title", "sizes", "symbols", "definitions", "facts", "results", "lemmas", "small",
        "provenance", "meanings", "checks",
    } <= set(data)  # fmt: skip
    assert {"name", "latex", "shape", "role"} <= set(data["symbols"][0])
    assert {"wrt", "latex", "matrix"} <= set(data["results"][0])
    assert {"rows", "columns"} == set(data["results"][0]["matrix"])
    step = data["lemmas"][0]["steps"][0]
    assert {"rule", "law", "reason", "before", "after", "check"} <= set(step)


@every_entry
def test_every_step_has_its_check(name, derivation_of):
    data = json.loads(exporter.export(derivation_of(name)))
    lemmas = [
        *data["lemmas"],
        *(lemma for case in data["small"] for lemma in case["lemmas"]),
        *(meaning["of_cost"] for meaning in data["meanings"]),
    ]
    steps = [step for lemma in lemmas for step in lemma["steps"]]
    steps += [step for meaning in data["meanings"] for step in meaning["equality"]]
    for step in steps:
        check = data["checks"][step["check"]["number"]]
        assert check["kind"] == "step"
        assert check["about"].startswith(step["rule"])
        assert check["status"] == step["check"]["status"]


def test_every_step_but_a_cited_lemma_has_its_law(data):
    steps = [step for lemma in data["lemmas"] for step in lemma["steps"]]
    assert {step["rule"] for step in steps if step["law"] is None} == {"lemma"}


def test_without_checks_a_step_has_none():
    data = json.loads(exporter.export(derive.gradient("linear_regression", check="none")))
    assert data["lemmas"][0]["steps"][0]["check"] is None
    assert data["checks"] == []


def test_the_order_of_keys_does_not_matter(data, derivation_of):
    assert derive.from_json(json.dumps(data, sort_keys=True)) == derivation_of(
        "logistic_regression"
    )


def test_residuals_that_json_has_no_sign_for(derivation_of):
    from dataclasses import replace

    check = Check("step", "a", "b", "failed", float("inf"), 1e-20, 0, "far off")
    derivation = replace(derivation_of("linear_regression"), checks=(check,))
    assert derive.from_json(exporter.export(derivation)) == derivation


# Terms and matrices ------------------------------------------------------------------------------

indices = st.builds(Index, st.sampled_from(["i", "j", "k'"]), st.sampled_from(["m", "n", 3]))
places = st.one_of(indices, st.integers(1, 9))
origins = st.lists(
    st.builds(Origin, st.sampled_from(["definition", "rule"]), st.text(max_size=3), st.just("")),
    max_size=2,
).map(tuple)
leaves = st.one_of(
    st.builds(Number, st.fractions(), origins),
    st.builds(Size, st.sampled_from(["m", "n"]), origins),
    st.builds(Ref, st.sampled_from(["x", "y"]), st.lists(places, max_size=2).map(tuple), origins),
    st.builds(Delta, places, places),
)


def several(inner: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(inner, min_size=2, max_size=3).map(tuple)


any_term = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(terms.Sum, indices, inner),
        st.builds(Family, indices, inner),
        st.builds(terms.Product, several(inner)),
        st.builds(Add, several(inner)),
        st.builds(terms.Power, inner, inner),
        st.builds(Derivative, inner, st.just(Ref("w", (Index("j", "n"),)))),
        st.builds(Apply, st.just("g"), several(inner), st.just((0, 1))),
        st.builds(Apply, st.just("exp"), st.tuples(inner)),
    ),
    max_leaves=12,
)


@given(any_term)
def test_every_term_reads_back(term):
    written = json.loads(json.dumps(write_term(term)))
    back = read_term(Cursor(written))
    assert back == term
    assert write_term(back) == written


A = matrices.Array("A", ("m", "n"))
B = matrices.Array("J", ("n", 1), of="b")


@pytest.mark.parametrize(
    "matrix",
    [
        A,
        B,
        matrices.Slice("A", ("m", 1), held=("k",)),
        matrices.Ones("m"),
        matrices.Identity(3),
        matrices.Constant(terms.ONE, ("m", "n")),
        matrices.Transpose(A),
        matrices.MatrixProduct((A, B)),
        matrices.MatrixSum((A, A)),
        matrices.Hadamard((A, A)),
        matrices.HadamardQuotient(A, A),
        matrices.HadamardPower(A, Number(Fraction(1, 2))),
        matrices.Elementwise("g", (A,), (1,)),
        matrices.Rowwise("L", (A, A), "columns"),
        matrices.Scaled(terms.reciprocal(Size("m", (Origin("rule", "r"),))), A),
        matrices.Weighted(matrices.MatrixProduct((matrices.Transpose(B), B)), B),
        matrices.Diagonal(B),
        matrices.Trace(matrices.Identity("n")),
        matrices.Inverse(matrices.Identity("n")),
        matrices.Determinant("logdet", matrices.Identity("n")),
    ],
    ids=lambda matrix: type(matrix).__name__,
)
def test_every_kind_of_matrix_reads_back(matrix):
    written = json.loads(json.dumps(write_matrix(matrix)))
    back = read_matrix(Cursor(written))
    assert back == matrix
    assert write_matrix(back) == written


def test_every_kind_of_matrix_is_among_them():
    public = [getattr(matrices, name) for name in matrices.__all__]
    kinds = {each for each in public if type(each) is type} - {matrices.Matrix}
    tested = test_every_kind_of_matrix_reads_back.pytestmark[0].args[1]
    assert {type(matrix) for matrix in tested} == kinds


def test_a_term_that_could_not_be_read_back_is_not_written():
    deep: terms.Term = Ref("x")
    for _ in range(MOST_LEVELS):
        deep = Apply("exp", (deep,))
    with pytest.raises(Unsupported, match="nested too deeply"):
        write_term(deep)
    for _ in range(5000):
        deep = Apply("exp", (deep,))
    with pytest.raises(Unsupported, match="nested too deeply"):
        write_term(deep)


@pytest.mark.parametrize("index", [Index("i", "3"), Index("i:j", "m"), Index("i", "")])
def test_an_index_that_would_be_read_as_another_is_not_written(index):
    with pytest.raises(Unsupported, match="cannot be written"):
        write_term(Ref("x", (index,)))


# Malformed input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: Expecting value in line 1, column 1"),
        ("{", "not JSON"),
        ("\x00", "not JSON"),
        ("[]", "the top level: an object was expected, not a list"),
        ("null", "the top level: an object was expected, not null"),
        ("{}", "the top level: 'schema' is missing"),
        ('{"schema": "derive/derivation/2"}', "schema: 'derive/derivation/1' was expected"),
        ('{"schema": NaN}', "NaN is no number of JSON"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ("[" * 100_000, "nested 100000 levels deep"),
        ('{"a":' * 100_000, "nested 100000 levels deep"),
        ("9" * 100_000, "more than 1000 digits"),
        ('"' + "[" * 1000, "not JSON: Unterminated string"),
    ],
)
def test_what_is_no_derivation_at_all(text, message):
    with pytest.raises(InputError) as caught:
        derive.from_json(text)
    assert message in str(caught.value)


def at(path):
    """The object that holds the last step of a path, and that step."""

    def find(data):
        *way, last = path
        for step in way:
            data = data[step]
        return data, last

    return find


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["wrt"], ["q"], "wrt[0]: there is no symbol 'q'"),
        (["wrt"], "w", "wrt: a list was expected, not a string"),
        (["sizes", "m"], 0, "sizes.m: at least 1 was expected, not 0"),
        (["sizes", "m"], True, "sizes.m: a whole number was expected, not true or false"),
        (["seed"], 1.5, "seed: a whole number was expected, not a number"),
        (["definitions"], [], "definitions: a problem has at least one definition"),
        (["symbols", 0, "role"], "king", "symbols[0].role: one of 'data', 'parameter'"),
        (["symbols", 0, "shape"], ["m"], "symbols[0].shape: the shape is not that of the indices"),
        (["symbols", 0, "indices"], ["j"], "symbols[0].indices[0]: 'j' is no index; write"),
        (["results", 0, "term"], [], "results[0].term: an empty list is no term"),
        (["results", 0, "term"], ["pluss"], "results[0].term[0]: 'pluss' is no kind of term"),
        (["results", 0, "term"], [["add"]], "results[0].term[0]: a string was expected"),
        (["results", 0, "term"], ["power", ["size", "m"]], "'power' is followed by 2 items"),
        (["results", 0, "term"], ["add", ["size", "m"]], "'add' is followed by 2 or more items"),
        (["results", 0, "term"], ["number", "1/0"], "results[0].term[1]: '1/0' divides by zero"),
        (["results", 0, "term"], ["number", "1e9"], "results[0].term[1]: '1e9' is no fraction"),
        (["results", 0, "term"], ["number", "7" * 2000], "more than 1000 digits"),
        (["results", 0, "term"], ["number", "1", [["a", "b"]]], "an origin is a list of its kind"),
        (["results", 0, "term"], ["ref", "q", []], "results[0].term: there is no symbol 'q'"),
        (["results", 0, "term"], ["ref", "w", []], "w has 0 indices instead of 1"),
        (["results", 0, "term"], ["apply", "hack", [], ["ref", "b", []]], "no function 'hack'"),
        (["results", 0, "term"], ["apply", "exp", [1, 1], ["ref", "b", []]], "needs an order"),
        (["results", 0, "claim"], {"term": ["ref", "b", []]}, "a derivative was expected"),
        (
            ["results", 0, "claim", "term"],
            ["derivative", ["ref", "J", []], ["size", "m"]],
            "results[0].claim.term[2]: a derivative is by a reference",
        ),
        (["results", 0, "matrix", "rows", "term"], ["ones", 0], "at least 1 was expected, not 0"),
        (["results", 0, "matrix", "rows", "term"], ["ones", "m"], "a matrix of the shape"),
        (["results", 0, "matrix", "rows", "term"], ["add"], "'add' is no kind of matrix"),
        (["results", 0, "matrix", "rows", "layout"], "rings", "one of 'rows', 'columns'"),
        (["checks", 0, "status"], "skipped", "checks[0].status: one of 'passed', 'failed'"),
        (["checks", 0, "residual"], "small", "checks[0].residual: a number was expected"),
        (["checks", 0, "residual"], 10**999, "checks[0].residual: the number is too large"),
        (["lemmas", 0, "steps", 0, "reason", "parts"], [3], "parts[0]: a list was expected"),
        (["lemmas", 0, "steps", 0, "places"], [[-1]], "places[0][0]: at least 0 was expected"),
        (["lemmas", 0, "steps", 0, "before"], None, "before: an object was expected, not null"),
        (["meanings", 0, "slip", "right"], "half", "slip.right: 'half' is no fraction"),
        (["meanings", 0, "stage", "term"], ["size", "m"], "a reference to a quantity was expected"),
    ],
)
def test_a_planted_fault_is_found_at_its_place(data, path, value, message):
    holder, last = at(path)(data)
    holder[last] = value
    with pytest.raises(InputError) as caught:
        derive.from_json(json.dumps(data))
    assert message in str(caught.value)


def test_every_missing_key_is_missed(data):
    unread = {"scaling"}
    for key in sorted(set(data) - unread):
        spoiled = {name: value for name, value in data.items() if name != key}
        with pytest.raises(InputError, match=f"'{key}' is missing"):
            derive.from_json(json.dumps(spoiled))


@given(st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=8,
))  # fmt: skip
def test_any_json_is_a_derivation_or_an_input_error(value):
    with pytest.raises(InputError):
        read_term(parse(json.dumps(value)))


def test_it_is_utf_8_with_a_line_end(text):
    assert "Σ" in text
    assert "\\u" not in text
    assert text.endswith("}\n")
    assert text.encode("utf-8").decode("utf-8") == text
