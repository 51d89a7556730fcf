"""The picture of the computation graph: well formed, apart, from the lemmas alone."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations, pairwise
from math import hypot
from xml.etree import ElementTree as ET

import pytest
from programs import complaints, require_program, typeset

import derive
from derive import catalogue
from derive.exporters import graph_svg, graph_tikz
from derive.graph import Extent, beside, graph, place
from derive.notation import Look
from derive.terms import Ref

LOOK = Look(examples="superscript", vectors="bold", derivatives="full", logarithm="log")
NAMES = catalogue.NAMES


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
def test_tikz_compiles(program, derivation_of, tmp_path):
    """As fragments of one paper, plain and in another look, and a picture as a whole document."""
    require_program(program)
    pictures = [graph_tikz.export(derivation_of(name)) for name in NAMES]
    pictures += [graph_tikz.export(derivation_of(name), look=LOOK) for name in ("mlp", "layer")]
    whole = graph_tikz.export(derivation_of("layer"), fragment=False)
    preamble, begin, _ = whole.partition("\\begin{document}\n")
    file = tmp_path / "graphs.tex"
    body = "\\clearpage\n".join(pictures)
    file.write_text(f"{preamble}{begin}{body}\\end{{document}}\n", encoding="utf-8")
    assert complaints(typeset(program, file, 1)) == []
    file.write_text(whole, encoding="utf-8")
    assert complaints(typeset(program, file, 1)) == []


def distance(point, start, end):
    """From a point to the part of a line between two others."""
    (px, py), (ax, ay), (bx, by) = point, start, end
    length = (bx - ax) ** 2 + (by - ay) ** 2
    share = max(0.0, min(1.0, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length))
    return hypot(px - ax - share * (bx - ax), py - ay - share * (by - ay))


@pytest.mark.parametrize("widest", [10_000.0, 1.0])
@pytest.mark.parametrize("name", NAMES)
def test_the_two_arrows_of_an_edge_keep_apart(name, widest, derivation_of):
    """However flat it runs: between the arrows is the room that is meant to be there."""
    drawn = graph(derivation_of(name))
    nodes = {node.name: Extent(90 + 40 * len(node.name), 40) for node in drawn.nodes}
    for route in place(drawn, nodes, {}, widest=widest).routes:
        forward, backward = beside(route.points, -3.0), beside(route.points, 3.0)
        assert route.points[0] != route.points[-1]
        for one, other in ((forward, backward), (backward, forward)):
            near = [min(distance(each, *side) for side in pairwise(other)) for each in one]
            assert min(near) > 5.9


def test_the_stages_stand_in_one_line(derivation_of):
    """Inputs stand on both sides of them, so that a deep network does not drift."""
    drawn = graph(derivation_of("mlp"))
    nodes = {node.name: Extent(60 + 30 * len(node.name), 40) for node in drawn.nodes}
    placed = place(drawn, nodes, {}, widest=10_000.0)
    assert placed.direction == "down"
    stages = [node.name for node in drawn.nodes if node.body is not None]
    assert len({round(placed.nodes[name].center[0]) for name in stages}) == 1
    middle = placed.nodes["a1"].center[0]
    assert placed.nodes["w2"].center[0] < middle < placed.nodes["b2"].center[0]
    for route in placed.routes:
        if {route.edge.source, route.edge.target} <= set(stages):
            assert len(route.points) == 2


def test_layers_stand_in_brackets_as_in_latex(derivation_of):
    for name, layer in (("mlp", "1"), ("layer", "l")):
        source = graph_svg.export(derivation_of(name))
        words = re.findall(r"<text[^>]*>([^<]*)</text>", source)
        place = words.index("[")
        assert words[place + 1] == layer
        assert not [each for each in words if set(each) & set("⁽⁾ˡ¹")]


def test_a_picture_says_what_it_shows(derivation_of):
    """For those who do not see it: its values, derivatives and the factor, in words."""
    source = graph_svg.export(derivation_of("linear_regression"))
    root = ET.fromstring(source)
    title, description = root[0], root[1]
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == "Computation graph: " + derivation_of("linear_regression").problem.title
    for words in (
        "Values: ŷ_i from",
        "∂ŷ_i/∂w_j = x_ij",
        "The factor 1/(2m) enters from L_i to J.",
    ):
        assert words in description.text
