"""Pages that are read again: a warning fails each build, until what it is about is mended.

Sphinx reads only the pages that have changed. A page whose derivation failed hasn't, so that a
second build would say nothing of it and succeed.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from derive.sphinx.domain import clashes, domain_of, unknown_equations

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

__all__ = ["note_failures", "pages_that_failed"]

#: The logger above all of ours; Sphinx puts its own name in front.
_LOGGER = "sphinx.derive"


class _Failures(logging.Handler):
    """Notes the page that is being read when there is a warning of ours."""

    def __init__(self, app: Sphinx) -> None:
        super().__init__(logging.WARNING)
        self.app = app

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "type", None) != "derive":
            return
        if _is_suppressed(self.app, str(getattr(record, "subtype", ""))):
            return
        try:
            docname = self.app.env.docname
        except KeyError:  # an earlier Sphinx, and no page is being read
            return
        if docname:
            domain_of(self.app.env).failed.add(docname)


def note_failures(app: Sphinx) -> None:
    """Note which pages have a warning of ours in this build."""
    logger = logging.getLogger(_LOGGER)
    handler = _Failures(app)
    logger.addHandler(handler)
    app.connect("build-finished", lambda *_: logger.removeHandler(handler))


def pages_that_failed(
    app: Sphinx,
    env: BuildEnvironment,
    added: AbstractSet[str],
    changed: AbstractSet[str],
    removed: AbstractSet[str],
) -> Iterable[str]:
    """The pages that had a warning of ours in the last build."""
    failed = set(domain_of(env).failed)
    if not _is_suppressed(app, "label"):
        failed.update(docname for docname, *_ in clashes(env))
        failed.update(docname for docname, *_ in unknown_equations(env))
    return sorted(failed - set(removed))


def _is_suppressed(app: Sphinx, subtype: str) -> bool:
    """Whether the author wants no such warning."""
    names = {"derive", "derive.*", f"derive.{subtype}"}
    return not names.isdisjoint(app.config.suppress_warnings)
