"""What authors ask for: the same options everywhere, and the same files can be run."""

from __future__ import annotations

import pytest

from derive import cache as caching
from derive.asked import Asked, OptionError, Request, read_asked, read_request, read_role
from derive.cache import NameUnknown, checked, derivation_of, printed_of
from derive.errors import CheckFailed

COST = "from derive.catalogue import load\nJ = load('linear_regression')\n"


# Options -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "request_"),
    [
        ({}, Request(Asked("mlp"))),
        ({"wrt": "W1 b1"}, Request(Asked("mlp", ("W1", "b1")))),
        (
            {"m": "3", "sizes": "n = 2 K=4"},
            Request(Asked("mlp", (), (("K", 4), ("m", 3), ("n", 2)))),
        ),
        ({"seed": "7", "detail": " full "}, Request(Asked("mlp", seed=7), detail="full")),
        ({"label": "a", "look": "w=u"}, Request(Asked("mlp"), label="a", look="w=u")),
        ({"columns": "2"}, Request(Asked("mlp"))),
    ],
)
def test_options_are_read(options, request_):
    assert read_request(" mlp ", options, others=("columns",)) == request_


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"detial": "full"}, "there is no option detial; did you mean detail"),
        ({"<script>": "1x"}, "there is no option <script>; there are wrt, sizes"),
        ({"m": "many"}, "'m=many' is no size"),
        ({"m": "-3"}, "'m=-3' is no size"),
        ({"m": "3", "sizes": "m=4"}, "the size m is given twice"),
        ({"sizes": "m"}, "'m' is no size; write sizes as m=3, n=2"),
        ({"sizes": "m=1e3"}, "'m=1e3' is no size"),
        ({"seed": "x"}, "seed=x is no whole number"),
        ({"columns": "2", "other": "z"}, "there is no option other"),
    ],
)
def test_a_bad_option_is_named(options, message):
    with pytest.raises(OptionError, match=message.replace("(", r"\(")):
        read_request("mlp", options, others=("columns",))


def test_a_derivation_needs_a_name():
    for read in (read_asked, read_role):
        with pytest.raises(OptionError, match=r"is derived|is named"):
            read(" ")


@pytest.mark.parametrize("name", ["check", "seed", "beside", "cost"])
def test_a_size_is_never_another_argument(name, tmp_path):
    with pytest.raises(OptionError, match=f"no size '{name}'"):
        derivation_of(Asked("mean_loss", (), ((name, 1),)), tmp_path)


# Files of authors --------------------------------------------------------------------------------


@pytest.fixture
def source(tmp_path):
    """A folder of sources with costs, and one beside it that nobody may run."""
    for place in ("source/costs.py", "source/deep/costs.py", "source/pack/__init__.py", "other.py"):
        file = tmp_path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(COST)
    return tmp_path / "source"


@pytest.mark.parametrize(
    "target", ["costs.py:J", "costs:J", "deep/costs.py:J", "deep.costs:J", "pack:J"]
)
def test_a_file_and_a_module_are_found(target, source):
    found = derivation_of(Asked(target), source)
    assert found.derivation.problem.name == "linear_regression"
    assert [file.is_relative_to(source) for file in found.files] == [True]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("../other.py:J", "outside the source folder"),
        ("deep/../../other.py:J", "outside the source folder"),
        ("/etc/passwd.py:J", "outside the source folder"),
        ("os.path:J", "there is no module os.path"),
        ("..other:J", "there is no module"),
        ("nowhere.py:J", "there is no file nowhere.py"),
        ("costs.py", "say which problem of the file is meant"),
        ("costs.py:K", "nothing called 'K'"),
        ("mean_los", "did you mean mean_loss"),
    ],
)
def test_nothing_else_is_run(target, message, source):
    with pytest.raises(NameUnknown, match=message) as caught:
        derivation_of(Asked(target), source)
    assert str(source) not in str(caught.value)


def test_a_link_does_not_lead_out(source):
    (source / "link.py").symlink_to(source.parent / "other.py")
    for target in ("link.py:J", "link:J"):
        with pytest.raises(NameUnknown):
            derivation_of(Asked(target), source)


# The cache ---------------------------------------------------------------------------------------


def test_a_derivation_is_made_once(source):
    asked, cache = Asked("costs.py:J", ("b",)), source / "cache"
    first = derivation_of(asked, source, cache)
    again = derivation_of(asked, source, cache)
    assert (first.event, again.event) == ("derived", "read")
    assert again.derivation == first.derivation
    assert (cache / ".gitignore").read_text() == "*\n"
    (source / "costs.py").write_text(COST + "# changed\n")
    assert derivation_of(asked, source, cache).event == "derived"


def test_what_is_printed_is_made_once_for_each_way(source):
    asked, cache, calls = Asked("costs.py:J", ("b",)), source / "cache", []

    def write(derivation):
        calls.append(derivation.problem.name)
        return f"{len(calls)}"

    printed = [printed_of(asked, source, cache, how, write) for how in ("a", "a", "b", "a")]
    assert printed == ["1", "1", "2", "1"]
    (source / "costs.py").write_text(COST.replace("linear", "ridge"))
    assert printed_of(asked, source, cache, "a", write) == "3"
    assert calls[-1] == "ridge_regression"
    for entry in cache.rglob("*.json"):
        entry.write_text("{")
    assert printed_of(asked, source, cache, "a", write) == "4"


def test_a_change_to_an_imported_file_is_seen(source):
    (source / "letters.py").write_text("NAME = 'linear_regression'\n")
    (source / "costs.py").write_text(
        "from derive.catalogue import load\nfrom letters import NAME\nJ = load(NAME)\n"
    )
    cache = source / "cache"
    derivation_of(Asked("costs.py:J"), source, cache)
    (source / "letters.py").write_text("NAME = 'ridge_regression'\n")
    found = derivation_of(Asked("costs.py:J"), source, cache)
    assert found.derivation.problem.name == "ridge_regression"
    assert {file.name for file in found.files} == {"costs.py", "letters.py"}


def test_a_check_that_has_not_passed_is_an_error(tmp_path):
    from dataclasses import replace

    found = derivation_of(Asked("mean_loss"), tmp_path)
    assert checked(found) is found.derivation
    first, *rest = found.derivation.checks
    for status in ("failed", "could not run"):
        planted = replace(found.derivation, checks=(replace(first, status=status), *rest))
        with pytest.raises(CheckFailed, match="1 did not pass"):
            checked(replace(found, derivation=planted))


def test_an_entry_is_bound_to_the_sources_of_derive(tmp_path, monkeypatch):
    asked, cache = Asked("mean_loss"), tmp_path / "cache"
    derivation_of(asked, tmp_path, cache)
    monkeypatch.setattr(caching, "_own_sources", lambda: "another version")
    assert derivation_of(asked, tmp_path, cache).event == "derived"
