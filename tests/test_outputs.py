"""The built catalogue in ``outputs/`` is what the code builds now, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.build import Options, build
from derive.catalogue import NAMES

OUTPUTS = Path(__file__).parent.parent / "outputs"


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("outputs")
    entries = list(build(NAMES, folder, Options(), jobs=1))
    assert [entry.trouble for entry in entries] == [()] * len(NAMES)
    return files_below(folder)


def test_the_same_files_are_there(built: dict[str, bytes]) -> None:
    assert sorted(files_below(OUTPUTS)) == sorted(built)


def test_every_file_is_the_same(built: dict[str, bytes]) -> None:
    kept = files_below(OUTPUTS)
    changed = [name for name, content in built.items() if kept.get(name) != content]
    assert not changed, f"run `derive build` and look at what has changed in {changed}"
