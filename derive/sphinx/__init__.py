"""Sphinx: derivations in a documentation build.

Put ``"derive.sphinx"`` among the extensions of ``conf.py``. There are then

- the directive ``derivation``: a derivation with its steps, of an entry of the catalogue or of a
  problem of the author's own;
- the directive ``gradient``: its result alone, as an equation; the role ``gradient``: the same in
  a sentence;
- the directive ``derivation-rules``: the glossary of rules; the role ``rule``: a link to one.

Importing this module is cheap: what derives and lays out is imported by the first directive that
is met.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from derive import __version__
from derive.sphinx.directives import DerivationDirective, GradientDirective, RulesDirective
from derive.sphinx.domain import DeriveDomain, settle_labels, warn_of_clashes
from derive.sphinx.nodes import (
    derive_equations,
    derive_formula,
    derive_line,
    derive_prose,
    derive_reason,
    numbered_title,
)
from derive.sphinx.roles import GradientRole, RuleRole
from derive.sphinx.transforms import Finish, Shorten
from derive.sphinx.visitors import VISITORS, latex_preamble

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.util.typing import ExtensionMetadata

__all__ = ["setup"]

#: The style sheet of the HTML builders.
STYLE_SHEET = "derive.css"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register everything; called by Sphinx."""
    app.add_config_value("derive_default_detail", "normal", "env", (str,))
    app.add_config_value("derive_default_layout", "both", "env", (str,))
    app.add_config_value("derive_default_look", "", "env", (str,))
    app.add_config_value("derive_cache_directory", "", "env", (str,))
    # Not for authors: every page is read again after an upgrade.
    app.add_config_value("derive_built_with", __version__, "env", (str,))

    for kind in (derive_formula, derive_equations, derive_reason, derive_prose):
        app.add_node(kind, **VISITORS[kind])
    # Where figures are numbered by section, Sphinx wants to know what else is numbered so.
    app.add_enumerable_node(derive_line, "displaymath", numbered_title, **VISITORS[derive_line])
    app.add_domain(DeriveDomain)
    app.add_directive("derivation", DerivationDirective)
    app.add_directive("gradient", GradientDirective)
    app.add_directive("derivation-rules", RulesDirective)
    app.add_role("gradient", GradientRole())
    app.add_role("rule", RuleRole(warn_dangling=True))
    app.add_post_transform(Shorten)
    app.add_post_transform(Finish)
    app.add_message_catalog("derive", str(Path(__file__).parent / "locale"))

    app.add_css_file(STYLE_SHEET)
    app.add_latex_package("xcolor")
    app.connect("config-inited", _with_static_files)
    app.connect("builder-inited", latex_preamble)
    app.connect("env-updated", settle_labels)
    app.connect("env-check-consistency", warn_of_clashes)
    return {
        "version": __version__,
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def _with_static_files(app: Sphinx, config: Config) -> None:
    """Have the style sheet copied: before the project's own files, which may replace it."""
    config.html_static_path = [str(Path(__file__).parent / "static"), *config.html_static_path]
