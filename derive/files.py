"""Files written as a whole: whoever reads one sees the former content or the new one.

Every file that is made here goes through :func:`write_together` or :func:`write_whole`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["as_bytes", "write_together", "write_whole"]


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file as a whole, and the folders it stands in if they aren't there.

    Args:
        path: the file; one that is there is replaced, and a link is replaced, not followed.
        content: text becomes UTF-8, its line ends as they are.

    Raises:
        OSError: the system refuses; what stood there stands there still.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder, "deep", "a.txt"), "α")
    ...     Path(folder, "deep", "a.txt").read_bytes()
    b'\\xce\\xb1'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_together(path.parent, {path.name: content})


def write_together(
    folder: Path, contents: Mapping[str, str | bytes], *, beside: Path | None = None
) -> None:
    """Write several files of a folder: none of them is touched until all are on the disk.

    Args:
        folder: where they go; it is there.
        contents: by file name, written in this order.
        beside: where they are made ready, on the same disk; the folder itself if left out.

    Raises:
        OSError: the system refuses; a file that was not replaced stands as it stood.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_together(Path(folder), {"a": "1", "b": "2"})
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['a', 'b']
    """
    with _staging(folder if beside is None else beside) as staging:
        for name, content in contents.items():
            _write(staging / name, content)
        for name in contents:
            (staging / name).replace(folder / name)


def as_bytes(content: str | bytes) -> bytes:
    """The bytes that a file of this content has.

    >>> as_bytes("α"), as_bytes(b"a")
    (b'\\xce\\xb1', b'a')
    """
    return content.encode("utf-8") if isinstance(content, str) else content


def _write(path: Path, content: str | bytes) -> None:
    path.write_bytes(as_bytes(content))


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """A hidden folder of nobody else's, which is gone afterwards."""
    staging = Path(tempfile.mkdtemp(prefix=".derive-", suffix=".part", dir=folder))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
