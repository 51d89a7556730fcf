"""A page for each entry of the catalogue, written before Sphinx looks for pages.

A new entry has its page, and its place in the list, by being in ``derive.catalogue.NAMES``.
"""

# ruff: noqa: INP001 - Sphinx imports this file by its name; it is in no package

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from derive.catalogue import NAMES, load

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.util.typing import ExtensionMetadata

    from derive.model import Problem

#: The folder of the pages, in the source directory.
FOLDER = "catalogue"

#: The parts of a derivation. Its title and its result stand on the page already.
PARTS = "cost small any matrices origin scaling checks"

PAGE = """\
# {title}

{summary}
```{{gradient}} {name}
:label: gradient:{name}
```

```{{computation-graph}} {name}
```

```{{derivation}} {name}
:label: {name}
:parts: {parts}
```

## In other forms

```sh
derive show {name}
derive why {name}
derive build {name} --format html,tex,ipynb,py
```
"""


def page(problem: Problem) -> str:
    """The page of an entry, as MyST-Parser reads it."""
    summary = f"{plain(problem.summary)}\n" if problem.summary else ""
    return PAGE.format(title=plain(problem.title), summary=summary, name=problem.name, parts=PARTS)


def plain(words: str) -> str:
    """Words of a title, none of which Markdown takes for a mark."""
    return re.sub(r"([\\`*_{}\[\]<>#$|~])", r"\\\1", words)


def write_pages(app: Sphinx, config: Config) -> None:
    """Write the pages that are new or have changed, and remove those of entries that are gone."""
    folder = Path(app.srcdir, FOLDER)
    for path in folder.glob("*.md"):
        if path.stem not in (*NAMES, "index"):
            path.unlink(missing_ok=True)
    for name in NAMES:
        path, text = folder / f"{name}.md", page(load(name))
        # A page that stays as it is is not read again.
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")


def fill_list(app: Sphinx, docname: str, source: list[str]) -> None:
    """The names of the entries, in teaching order, where the index of the catalogue asks."""
    if docname == f"{FOLDER}/index":
        source[0] = source[0].replace("% entries", "\n".join(NAMES))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.connect("config-inited", write_pages)
    app.connect("source-read", fill_list)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
