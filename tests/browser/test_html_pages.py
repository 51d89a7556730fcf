"""The pages of the catalogue in a real browser: for every eye, for screen readers, by keyboard."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from measures import CONTRAST, violations, wait_until

from derive import catalogue
from derive.exporters import html

WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")

SHOWN = "(box) => box.checkVisibility() && box.getClientRects().length > 0"

#: Every element that has words of its own.
WORDED = ":is(h1, h2, p, li, th, td, button, label, legend, a, strong, mi, mn, mo, mtext, span)"


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_no_barrier_no_overflow_no_request(name, derivation_of, opened, axe):
    it = opened(html.export(derivation_of(name)))
    page = it.page
    address = page.url
    for scheme, width in product(SCHEMES, WIDTHS):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # Colours are those of the scheme, and the parts of the page those of the width.
        both = (scheme, width) in {("light", 1280), ("dark", 390)}
        assert violations(page, axe, colours=both) == []
        measured = page.evaluate(CONTRAST, WORDED)
        assert len(measured) > 200
        assert min(measured) >= 4.5
    assert it.requests == [address]
    assert it.complaints == []


@pytest.mark.parametrize("width", WIDTHS)
def test_no_barrier_with_everything_put_away(width, derivation_of, opened, axe):
    page = opened(html.export(derivation_of("mlp")), width=width).page
    page.click(".derive-every[value=close]")
    page.click(".derive-follow")
    for field in page.query_selector_all(".derive-switch"):
        field.query_selector_all("input")[1].check()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page, axe) == []


def test_axe_finds_a_barrier_that_is_there(derivation_of, opened, axe):
    source = html.export(derivation_of("mean_loss")).replace('<html lang="en">', "<html>")
    assert any("html-has-lang" in each for each in violations(opened(source).page, axe))


@pytest.mark.parametrize("width", [320, 768])
def test_other_widths(width, derivation_of, opened):
    for name in ("mlp", "softmax_regression"):
        page = opened(html.export(derivation_of(name), detail="full"), width=width).page
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", catalogue.NAMES)
def test_every_formula_takes_room_and_stays_in_its_line(name, width, derivation_of, opened):
    page = opened(html.export(derivation_of(name), detail="full"), width=width).page
    found = page.evaluate(
        """() => {
          document.querySelectorAll(".derive-off").forEach(
            (each) => each.classList.remove("derive-off"));
          const every = [...document.querySelectorAll("math")];
          const boxes = every.map((each) => each.getBoundingClientRect());
          return {
            all: every.length,
            empty: every.filter((_, n) => !(boxes[n].width > 1 && boxes[n].height > 1)).length,
            errors: document.querySelectorAll("merror, parsererror").length,
            elsewhere: every.filter((each) => each.namespaceURI
              !== "http://www.w3.org/1998/Math/MathML").length,
            unknown: [...document.querySelectorAll("math *")].filter((each) =>
              each.constructor.name !== "MathMLElement").length,
          };
        }"""
    )
    assert found["all"] > 30
    assert {key: value for key, value in found.items() if key != "all"} == {
        "empty": 0,
        "errors": 0,
        "elsewhere": 0,
        "unknown": 0,
    }


# Screen readers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_every_line_is_one_formula_with_one_text(name, derivation_of, opened):
    page = opened(html.export(derivation_of(name))).page
    lines = page.evaluate(
        """() => [...document.querySelectorAll(".derive-line")].map((line) =>
          [...line.querySelectorAll("math")].filter((each) =>
            !each.closest(".derive-reason") && each.getAttribute("aria-hidden") !== "true")
          .map((each) => each.getAttribute("alttext")))"""
    )
    assert len(lines) > 5
    for texts in lines:
        assert len(texts) == 1
        assert "= " in texts[0] or "≠ " in texts[0]
    firsts = page.locator(".derive-first").count()
    assert sum(not texts[0].startswith(("=", "≠")) for texts in lines) == firsts


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_the_tree_of_screen_readers_has_each_formula_once(name, derivation_of, opened):
    page = opened(html.export(derivation_of(name))).page
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    formulas = [
        node
        for node in nodes
        if not node["ignored"] and node["role"]["value"] in ("MathMLMath", "math")
    ]
    assert all(node["childIds"] for node in formulas)
    expected = page.evaluate(
        f"""() => [...document.querySelectorAll("math:not([aria-hidden])")]
          .filter({SHOWN}).map((each) => each.getAttribute("alttext"))"""
    )
    assert len(formulas) == len(expected) > 30
    assert all(expected)


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_headings_and_landmarks(name, derivation_of, opened):
    page = opened(html.export(derivation_of(name))).page
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((each) => +each.tagName[1])"
    )
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.locator("main").count() == 1
    assert page.locator("main h1").count() == 1
    assert page.evaluate("document.documentElement.lang") == "en"
    names = page.evaluate(
        """() => [...document.querySelectorAll("section")].map((each) =>
          document.getElementById(each.getAttribute("aria-labelledby")).textContent)"""
    )
    assert len(names) == len(set(names)) > 2


# By keyboard -------------------------------------------------------------------------------------

FOCUSED = """() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  return {
    key: at.dataset.key ?? "",
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    seen: box.bottom > 0 && box.top < innerHeight && box.width > 0 && box.height > 0,
  };
}"""


@pytest.mark.parametrize(("name", "width"), [*product(catalogue.NAMES, [1280]), ("mlp", 390)])
def test_tab_reaches_every_control_and_shows_where_it_is(name, width, derivation_of, opened):
    page = opened(html.export(derivation_of(name)), width=width).page
    wanted = page.evaluate(
        f"""() => [...document.querySelectorAll("button, a[href], input:checked, [tabindex]")]
          .filter({SHOWN}).map((each, n) => (each.dataset.key = `k${{n}}`))"""
    )
    assert len(wanted) > 10
    met = []
    for _ in wanted:
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        assert at["outline"] >= 2, at
        assert at["seen"], at
        met.append(at["key"])
    assert met == wanted
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED)["key"] == wanted[-2]


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_steps_are_folded_by_keyboard(key, derivation_of, opened):
    page = opened(html.export(derivation_of("mlp"))).page
    button = page.locator(".derive-fold").first
    assert button.get_attribute("aria-expanded") == "true"
    ids = button.get_attribute("aria-controls").split()
    steps = [page.locator(f'[id="{each}"]') for each in ids]
    assert steps
    assert all(step.is_visible() for step in steps)
    button.focus()
    page.keyboard.press(key)
    assert button.get_attribute("aria-expanded") == "false"
    assert not any(step.is_visible() for step in steps)
    page.keyboard.press(key)
    assert button.get_attribute("aria-expanded") == "true"
    assert all(step.is_visible() for step in steps)

    every = page.locator(".derive-fold")
    page.locator(".derive-every[value=close]").focus()
    page.keyboard.press(key)
    assert {each.get_attribute("aria-expanded") for each in every.all()} == {"false"}
    page.locator(".derive-every[value=open]").focus()
    page.keyboard.press(key)
    assert {each.get_attribute("aria-expanded") for each in every.all()} == {"true"}


def test_the_tracked_factor_is_lit_on_focus_and_by_key(derivation_of, opened):
    page = opened(html.export(derivation_of("logistic_regression"))).page
    look = "getComputedStyle(document.querySelector('.derive-tracked')).outlineStyle"
    follow = page.locator(".derive-follow")
    assert page.evaluate(look) == "none"
    page.keyboard.press("Tab")
    assert follow.evaluate("(each) => each === document.activeElement")
    assert page.evaluate(look) == "solid"
    page.keyboard.press("Enter")
    assert follow.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Tab")
    assert page.evaluate(look) == "solid"
    page.keyboard.press("Escape")
    assert follow.get_attribute("aria-pressed") == "false"
    assert page.evaluate(look) == "none"


def test_the_tracked_factor_is_lit_under_the_mouse(derivation_of, opened):
    page = opened(html.export(derivation_of("logistic_regression"))).page
    look = """[...document.querySelectorAll('.derive-tracked')].map(
      (each) => getComputedStyle(each).outlineStyle)"""
    assert set(page.evaluate(look)) == {"none"}
    page.locator(".derive-tracked").first.hover()
    assert set(page.evaluate(look)) == {"solid"}


@pytest.mark.parametrize("of", ["views", "columns"])
def test_what_is_shown_is_switched_by_arrow_keys(of, derivation_of, opened):
    name = next(
        name
        for name in catalogue.NAMES
        if f'data-of="{of}"' in html.export(derivation_of(name), page=False, style=False)
    )
    page = opened(html.export(derivation_of(name))).page
    field = page.locator(f'.derive-switch[data-of="{of}"]').first
    radios = field.locator("input")
    shown = f"""(field) => [...field.parentElement.querySelectorAll("[data-view], th[data-column]")]
      .map({SHOWN})"""
    radios.first.focus()
    states = []
    for _ in range(radios.count()):
        states.append(tuple(field.evaluate(shown)))
        page.keyboard.press("ArrowRight")
    assert tuple(field.evaluate(shown)) == states[0]  # and round again
    assert len(set(states)) == radios.count()
    assert states[0][0]
    assert all(any(state) for state in states)


@pytest.mark.parametrize("clipboard", [True, False], ids=["clipboard", "the older way"])
def test_a_line_is_copied_as_latex(clipboard, derivation_of, opened):
    init = (
        "" if clipboard else "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
    )
    page = opened(html.export(derivation_of("logistic_regression")), init=init).page
    line = page.locator(".derive-line[data-latex]").first
    line.locator(".derive-copy").focus()
    page.keyboard.press("Enter")
    wait_until(page, "document.querySelector('.derive-status').textContent !== ''")
    assert page.locator(".derive-status").text_content() == "LaTeX copied"
    assert line.locator(".derive-copy").evaluate("(each) => each === document.activeElement")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('textarea'), { id: 'paste' }))"
    )
    page.focus("#paste")
    page.keyboard.press("Control+V")
    pasted = page.locator("#paste").input_value()
    assert pasted == line.get_attribute("data-latex")
    assert r"\frac{1}{m} \sum" in pasted
    wait_until(page, "document.querySelector('.derive-status').textContent === ''")
    assert line.locator(".derive-copy").text_content() == "TeX"


def test_a_link_opens_what_it_leads_to(derivation_of, opened):
    page = opened(html.export(derivation_of("mlp"))).page
    page.click(".derive-every[value=close]")
    # A link that is seen, to a line; all lines that have a number can be reached.
    for link in page.locator("a.derive-reference:visible").all()[:12]:
        target = link.get_attribute("href")[1:]
        page.evaluate("(hash) => { location.hash = hash; }", target)
        page.wait_for_timeout(20)
        assert page.locator(f'[id="{target}"]').is_visible()


# Print -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", catalogue.NAMES)
def test_print_shows_everything_and_no_control(name, scheme, derivation_of, opened):
    page = opened(html.export(derivation_of(name)), scheme=scheme).page
    if page.locator(".derive-every").count():
        page.click(".derive-every[value=close]")
    for field in page.query_selector_all(".derive-switch"):
        field.query_selector_all("input")[-1].check()
    page.emulate_media(media="print", color_scheme=scheme)
    found = page.evaluate(
        f"""() => {{
          const shown = {SHOWN};
          const hidden = (what) => [...document.querySelectorAll(what)].filter(
            (each) => !shown(each)).length;
          const seen = (what) => [...document.querySelectorAll(what)].filter(shown).length;
          return {{
            hidden: hidden(".derive-line, [data-view], [data-column], .derive-right > math"),
            controls: seen("button, input, legend, .derive-folded"),
            ground: getComputedStyle(document.body).backgroundColor,
            ink: getComputedStyle(document.body).color,
          }};
        }}"""
    )
    assert found == {
        "hidden": 0,
        "controls": 0,
        "ground": "rgb(255, 255, 255)",
        "ink": "rgb(0, 0, 0)",
    }
