"""A page for each family and each entry of the catalogue, written before Sphinx looks for pages.

A new entry has its page, and its place in the list, by being in ``derive.catalogue.FAMILIES``.
"""

# ruff: noqa: INP001 - Sphinx imports this file by its name; it is in no package

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from derive.catalogue import FAMILIES, Family, load

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


FAMILY_PAGE = """\
# {title}

{about}

```{{toctree}}
:maxdepth: 1
:hidden:

{names}
```

{entries}
"""

ENTRY = """\
## {title}

{summary}
```{{gradient}} {name}
```

[The derivation]({name}.md)
"""


def family_page(family: Family) -> str:
    """The page of a family: each of its entries with its gradient."""
    entries = []
    for name in family.entries:
        problem = load(name)
        summary = f"{plain(problem.summary)}\n" if problem.summary else ""
        entries.append(ENTRY.format(title=plain(problem.title), summary=summary, name=name))
    return FAMILY_PAGE.format(
        title=family.title,
        about=family.about,
        names="\n".join(family.entries),
        entries="\n".join(entries),
    )


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
    pages = {f"family-{family.name}": family_page(family) for family in FAMILIES}
    pages |= {name: page(load(name)) for family in FAMILIES for name in family.entries}
    for path in folder.glob("*.md"):
        if path.stem not in (*pages, "index"):
            path.unlink(missing_ok=True)
    for name, text in pages.items():
        path = folder / f"{name}.md"
        # A page that stays as it is is not read again.
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")


def fill_list(app: Sphinx, docname: str, source: list[str]) -> None:
    """The pages of the families, in teaching order, where the index of the catalogue asks."""
    if docname == f"{FOLDER}/index":
        names = (f"family-{family.name}" for family in FAMILIES)
        source[0] = source[0].replace("% families", "\n".join(names))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.connect("config-inited", write_pages)
    app.connect("source-read", fill_list)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
