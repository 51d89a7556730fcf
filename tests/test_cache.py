"""The cache of derivations: nothing stale, nothing damaged, nothing that ends a build."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from derive.asked import Asked
from derive.cache import NameUnknown, derivation_of, printed_of
from derive.errors import DeriveError, InputError

COST = """import derive
from helper import K
i = derive.indices("i:m")
y, w = derive.data("y[i]"), derive.parameter("w")
J = derive.define("J", derive.mean(K * (w - y[i]) ** 2, over=i))
"""
ASKED = Asked("cost.py:J")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cost.py").write_text(COST)
    (tmp_path / "helper.py").write_text("K = 3\n")
    return tmp_path


def result(folder: Path) -> tuple[str, str]:
    found = derivation_of(ASKED, folder, folder / "cache")
    return str(found.derivation.result), found.event


def entry_of(folder: Path) -> Path:
    (entry,) = (folder / "cache").rglob("*.json")
    return entry


def test_a_second_time_it_is_read(folder: Path) -> None:
    assert result(folder) == ("(6/m) Σᵢ₌₁ᵐ (w − y_i)", "derived")
    assert result(folder) == ("(6/m) Σᵢ₌₁ᵐ (w − y_i)", "read")


def test_a_change_to_what_is_imported_is_seen_within_the_same_second(folder: Path) -> None:
    assert result(folder)[0] == "(6/m) Σᵢ₌₁ᵐ (w − y_i)"
    (folder / "helper.py").write_text("K = 7\n")
    assert result(folder) == ("(14/m) Σᵢ₌₁ᵐ (w − y_i)", "derived")


def test_a_change_during_the_derivation_is_seen_the_next_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from derive import gradients

    derive_now = gradients.gradient

    def changed_meanwhile(*given: object, **named: object) -> object:
        (folder / "helper.py").write_text("K = 7\n")
        return derive_now(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(gradients, "gradient", changed_meanwhile)
    assert result(folder)[0] == "(6/m) Σᵢ₌₁ᵐ (w − y_i)"
    monkeypatch.undo()
    assert result(folder) == ("(14/m) Σᵢ₌₁ᵐ (w − y_i)", "derived")


def test_what_was_imported_before_is_a_part_of_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A configuration imports the helper, as those do that document a package of their own."""
    monkeypatch.syspath_prepend(str(folder))
    import helper  # type: ignore[import-not-found]

    assert result(folder)[0] == "(6/m) Σᵢ₌₁ᵐ (w − y_i)"
    assert sys.modules["helper"] is helper
    (folder / "helper.py").write_text("K = 7\n")
    assert result(folder) == ("(14/m) Σᵢ₌₁ᵐ (w − y_i)", "derived")
    assert sys.modules["helper"] is helper
    del sys.modules["helper"]


def test_what_is_installed_in_the_folder_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment of the project's own stands in its folder: nothing of it is imported anew, and
    nothing of it is a part of the derivation."""
    home = folder / ".venv" / "site-packages"
    home.mkdir(parents=True)
    (home / "installed_beside.py").write_text("N = 3\n")
    monkeypatch.syspath_prepend(str(home))
    import installed_beside  # type: ignore[import-not-found]

    (folder / "helper.py").write_text("import installed_beside\nK = installed_beside.N\n")
    found = derivation_of(ASKED, folder, folder / "cache")
    assert sys.modules["installed_beside"] is installed_beside
    assert {path.name for path in found.files} == {"cost.py", "helper.py"}
    del sys.modules["installed_beside"]


def test_a_damaged_entry_is_made_anew(folder: Path) -> None:
    result(folder)
    entry = entry_of(folder)
    whole = entry.read_text()
    kept = json.loads(whole)
    damaged = [
        "",
        "[" * 200_000,
        whole[:-20],
        whole.replace('"format"', '"former"'),
        json.dumps({**kept, "files": {"x" * 5000: "0"}}),
        json.dumps({**kept, "derivation": kept["derivation"].replace("2", "3", 1)}),
        json.dumps({key: value for key, value in kept.items() if key != "digest"}),
    ]
    for text in damaged:
        entry.write_text(text)
        assert result(folder) == ("(6/m) Σᵢ₌₁ᵐ (w − y_i)", "remade"), text[:80]
        assert json.loads(entry.read_text()) == kept


def test_a_damaged_print_is_made_anew(folder: Path) -> None:
    def printed() -> str:
        return printed_of(ASKED, folder, folder / "cache", "title", lambda d: d.problem.title)

    right = printed()
    for entry in (folder / "cache").rglob("*.json"):
        entry.write_text(entry.read_text().replace("gradient", "gradual"))
    assert printed() == right


def test_a_cache_that_cannot_be_written_is_said(folder: Path) -> None:
    (folder / "cache").write_text("a file")
    with pytest.raises(InputError, match="the cache of derivations cannot be written to"):
        result(folder)


@pytest.mark.parametrize("target", [f"{'a' * 300}.py:J", "x\0.py:J", "loop.py:J", ":J", "..:J"])
def test_what_can_be_no_file_is_unknown(folder: Path, target: str) -> None:
    (folder / "loop.py").symlink_to("loop.py")
    with pytest.raises(NameUnknown):
        derivation_of(Asked(target), folder, folder / "cache")


@pytest.mark.parametrize(
    "line", ["raise GeneratorExit", "class E(BaseException): pass\nraise E('no')", "exit(3)"]
)
def test_whatever_the_file_raises_is_said_in_a_line(folder: Path, line: str) -> None:
    (folder / "helper.py").write_text(f"{line}\n")
    with pytest.raises(DeriveError, match=r"cost\.py:2: "):
        derivation_of(ASKED, folder, folder / "cache")


def test_what_the_file_prints_is_no_part_of_the_output(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "helper.py").write_text("print('garbage')\nK = 3\n")
    result(folder)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "garbage" in captured.err
