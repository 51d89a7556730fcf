"""A book in EPUB 3 has to say which of its pages hold MathML; Sphinx's list of them doesn't."""

from __future__ import annotations

import os
import re
import tempfile
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote
from zipfile import ZipFile

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["declare_mathematics", "for_books"]

_ITEM = re.compile(
    r'<item (?=[^>]*href="([^"]+)")(?=[^>]*media-type="application/xhtml\+xml")[^>]*>'
)
_LIST = "content.opf"


_FRACTION = re.compile(r"<mfrac([^>]*)>|</mfrac>")
_STYLE = re.compile(r' displaystyle="(?:true|false)"')


def for_books(mathml: str) -> str:
    """MathML of version 3, which EPUB has: there the size of a fraction is set around it.

    >>> for_books('<mfrac displaystyle="true"><mn>1</mn><mi>m</mi></mfrac>')
    '<mstyle displaystyle="true"><mfrac><mn>1</mn><mi>m</mi></mfrac></mstyle>'
    """
    open_ones: list[str] = []

    def written(tag: re.Match[str]) -> str:
        if tag[1] is None:
            return f"</mfrac>{open_ones.pop()}"
        style = _STYLE.search(tag[1])
        open_ones.append("" if style is None else "</mstyle>")
        before = "" if style is None else f"<mstyle{style[0]}>"
        return f"{before}<mfrac{_STYLE.sub('', tag[1])}>"

    return _FRACTION.sub(written, mathml)


def declare_mathematics(app: Sphinx, exception: Exception | None) -> None:
    """Complete the list of the book's pages, once the book is made."""
    if exception is not None or app.builder.name != "epub":
        return
    folder = Path(app.outdir)
    listed = folder / _LIST
    text = listed.read_text(encoding="utf-8")

    def declared(item: re.Match[str]) -> str:
        page = folder / unquote(unescape(item[1]))
        if "properties=" in item[0] or not page.is_file():
            return item[0]
        if "<math" not in page.read_text(encoding="utf-8"):
            return item[0]
        return re.sub(r"\s*/?>$", ' properties="mathml" />', item[0])

    complete = _ITEM.sub(declared, text)
    if complete == text:
        return
    listed.write_text(complete, encoding="utf-8")
    _replace(folder / f"{app.config.epub_basename}.epub", complete)


def _replace(book: Path, text: str) -> None:
    """Put another list into a book; all else stays as it is, in the same order."""
    handle, name = tempfile.mkstemp(dir=book.parent, suffix=".part")
    os.close(handle)
    other = Path(name)
    try:
        with ZipFile(book) as old, ZipFile(other, "w") as new:
            for entry in old.infolist():
                content = text.encode() if entry.filename == _LIST else old.read(entry)
                new.writestr(entry, content)
        other.chmod(book.stat().st_mode)
        other.replace(book)
    finally:
        other.unlink(missing_ok=True)
