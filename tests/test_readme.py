"""What the README tells a newcomer to type is what works. Its Python examples run as doctests."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from derive.command_line.arguments import parse
from derive.exporters import json as json_exporter

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]
COMMANDS = [line for line in SHELL if line.startswith("derive ")]


def test_the_two_commands_are_one_line_each_and_need_nothing_beforehand():
    lines = [line for line in SHELL if "venv" in line]
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -q ")
        assert line.count(".venv/bin/") == 2


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_can_be_read(line):
    assert parse(shlex.split(line, comments=True)[1:]).command == line.split()[1]


def test_every_command_is_told_of():
    assert {line.split()[1] for line in COMMANDS} == {"list", "show", "why", "build"}


def test_every_linked_file_is_there():
    missing = [
        target
        for target in re.findall(r"\]\(([^)#]+)\)", README)
        if "://" not in target and not (ROOT / target).exists()
    ]
    assert missing == []


def test_the_documentation_of_json_names_every_key():
    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    import json

    schema = Path(json_exporter.__file__).with_name("derivation.schema.json")
    for key in json.loads(schema.read_text(encoding="utf-8"))["required"]:
        assert f"| `{key}`" in text or f", `{key}`" in text, key
    assert json_exporter.SCHEMA in text


def test_the_package_is_described_as_it_is():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    ((module, function),) = re.findall(r'^derive = "([\w.]+):(run)"$', text, re.MULTILINE)
    assert callable(getattr(import_module(module), function))
    assert '\nname = "derive"' not in text  # that name is another project's
    assert 'requires-python = ">=3.10"' in text
    versions = re.findall(r"Python :: 3\.(\d+)", text)
    assert versions == ["10", "11", "12", "13", "14"]
