"""The picture of the computation graph: well formed, apart, from the lemmas alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from programs import complaints, require_program, typeset

import derive
from derive import catalogue
from derive.exporters import graph_svg, graph_tikz
from derive.graph import Extent, graph, place
from derive.terms import Ref

NAMES = [
    *("mean_loss", "linear_regression", "linear_regression_mean_square", "logistic_regression"),
    *("softmax_regression", "ridge_regression", "mlp", "layer"),
]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_overlaps(name, derivation_of):
    drawn = graph(derivation_of(name))
    nodes = {node.name: Extent(90 + 7 * len(node.name), 40) for node in drawn.nodes}
    labels = {number: Extent(70, 25) for number in range(len(drawn.edges))}
    for widest in (10_000.0, 1.0):
        placed = place(drawn, nodes, labels, widest=widest)
        boxes = [*placed.nodes.values(), *(r.label for r in placed.routes if r.label)]
        assert len(boxes) == len(nodes) + len(labels)
        assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
        assert all(box.x >= 0 and box.x + box.width <= placed.width for box in boxes)
        assert all(box.y >= 0 and box.y + box.height <= placed.height for box in boxes)


@pytest.mark.parametrize("name", NAMES)
def test_svg_is_well_formed_and_the_same_twice(name, derivation_of):
    source = graph_svg.export(derivation_of(name))
    assert source == graph_svg.export(derivation_of(name))
    root = ET.fromstring(source)
    assert root.get("role") == "img"
    assert [child.tag.rpartition("}")[2] for child in root][:2] == ["title", "desc"]


def test_a_hostile_title_is_escaped(derivation_of):
    derivation = derivation_of("linear_regression")
    hostile = replace(derivation.problem, title="</title><script>alert(1)</script>\x00&")
    source = graph_svg.export(replace(derivation, problem=hostile))
    assert "<script" not in source
    ET.fromstring(source)
    tex = graph_tikz.export(replace(derivation, problem=replace(hostile, title="\n\\input{x}")))
    assert "\n\\input" not in tex


def test_a_wrong_lemma_would_show(derivation_of):
    derivation = derivation_of("logistic_regression")
    wrong = tuple(
        replace(lemma, result=Ref("y")) if str(lemma.claim) == "∂a_i/∂z_i" else lemma
        for lemma in derivation.lemmas
    )
    claims = [e.claim for e in graph(replace(derivation, lemmas=wrong)).edges if e.claim]
    assert Ref("y") in [claim.value for claim in claims]


def test_a_chain_of_thirty_stages():
    i = derive.indices("i:m")
    w = derive.parameters("w")
    x = derive.data("x[i]")
    stage = derive.define("s1[i]", w * x[i])
    for number in range(2, 31):
        stage = derive.define(f"s{number}[i]", derive.tanh(stage[i]))
    cost = derive.problem(derive.mean(stage[i], over=i))
    ET.fromstring(graph_svg.export(derive.gradient(cost, check="none")))


@pytest.mark.parametrize("program", ["pdflatex", "lualatex"])
@pytest.mark.parametrize("name", NAMES)
def test_tikz_compiles(name, program, derivation_of, tmp_path):
    require_program(program)
    file = tmp_path / "graph.tex"
    file.write_text(graph_tikz.export(derivation_of(name), fragment=False), encoding="utf-8")
    assert complaints(typeset(program, file, 1)) == []


def test_every_entry_is_among_them():
    assert sorted(NAMES) == sorted(catalogue.NAMES)
