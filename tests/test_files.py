"""Files are written as a whole, or not at all."""

from __future__ import annotations

import pytest

from derive import files
from derive.files import write_together, write_whole


def test_folders_are_made_and_a_link_is_not_followed(tmp_path):
    (tmp_path / "target").write_text("theirs")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_whole(tmp_path / "link", "ours\n")
    assert (tmp_path / "target").read_text() == "theirs"
    assert (tmp_path / "link").read_bytes() == b"ours\n"
    write_whole(tmp_path / "a" / "b" / "c", b"\x00")
    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"\x00"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_none_is_touched_until_all_are_there(tmp_path, monkeypatch, error):
    write_together(tmp_path, {"a": "1", "b": "2"})
    write, names = files._write, []

    def interrupted(path, content):
        names.append(path.name)
        if path.name == "b":
            raise error
        write(path, content)

    monkeypatch.setattr(files, "_write", interrupted)
    with pytest.raises(error):
        write_together(tmp_path, {"a": "3", "b": "4"})
    assert names == ["a", "b"]
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "1", "b": "2"}
