"""The same input gives the same bytes in every format, whatever the hash seed of the process."""

from __future__ import annotations

import os
import subprocess
import sys

from programs import require_program

from derive.build import FORMATS

BUILD = "import sys; from derive.command_line import main; sys.exit(main(sys.argv[1:]))"
NAMES = ("mlp", "softmax_regression")


def started(folder, seed, zone):
    """A build in a process of its own."""
    command = ["build", *NAMES, "-o", str(folder / "pages"), "--format", ",".join(FORMATS)]
    folder.mkdir()
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, *command],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_every_format_is_the_same_under_two_hash_seeds(tmp_path):
    require_program("pdflatex")
    folders = [tmp_path / "first", tmp_path / "second"]
    zones = ("UTC", "Pacific/Auckland")
    builds = [started(*each) for each in zip(folders, ("1", "2024"), zones, strict=True)]
    for build in builds:
        said, _ = build.communicate(timeout=300)
        assert build.returncode == 0, said
    first, second = (
        {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        for folder in folders
    )
    assert first.keys() == second.keys()
    for name in NAMES:
        endings = {
            path.partition(f"{name}/")[2].partition(".")[2] for path in first if f"{name}/" in path
        }
        assert set(FORMATS) <= endings
    assert [name for name in first if first[name] != second[name]] == []
