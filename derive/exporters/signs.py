"""Words with signs of mathematics among them, for media whose fonts of text lack those signs."""

from __future__ import annotations

from collections.abc import Iterator

from derive.exporters.markdown import RUN_OF_SIGNS, sign_in_mathematics
from derive.exporters.text import printable

__all__ = ["split_signs"]


def split_signs(words: str) -> Iterator[tuple[str, bool]]:
    r"""The words in pieces, each with whether it is the LaTeX of a sign.

    >>> list(split_signs("𝟏 is a vector of ones"))
    [('\\mathbf 1', True), (' is a vector of ones', False)]
    """
    text = ""
    for sign in RUN_OF_SIGNS.findall(printable(words)):
        source = None if sign.isascii() else sign_in_mathematics(sign)
        if source is None:
            text += sign
            continue
        if text:
            yield text, False
        text = ""
        yield source.strip(), True
    if text:
        yield text, False
