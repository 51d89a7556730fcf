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
from derive.sphinx import ahead
from derive.sphinx.again import note_failures, pages_that_failed
from derive.sphinx.directives import DerivationDirective, GradientDirective, RulesDirective
from derive.sphinx.domain import (
    DeriveDomain,
    settle_labels,
    warn_of_clashes,
    warn_of_unknown_equations,
)
from derive.sphinx.epub import declare_mathematics
from derive.sphinx.expand import Expand
from derive.sphinx.nodes import (
    derive_choice,
    derive_derivation,
    derive_equations,
    derive_formula,
    derive_line,
    derive_prose,
    derive_reason,
    derive_scroll,
    derive_switch,
    derive_table,
    numbered_title,
)
from derive.sphinx.roles import GradientRole, RuleRole
from derive.sphinx.transforms import Finish, OwnEquations, Shorten, Translate
from derive.sphinx.visitors import VISITORS, is_web_page, latex_preamble

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.util.typing import ExtensionMetadata

__all__ = ["setup"]

#: The style sheets of the HTML builders, and of those among them that make pages for the web.
STYLE_SHEET = "derive.css"
SWITCHES = "derive-switches.css"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register everything; called by Sphinx."""
    app.add_config_value("derive_default_detail", "normal", "env", (str,))
    app.add_config_value("derive_default_layout", "both", "env", (str,))
    app.add_config_value("derive_default_look", "", "env", (str,))
    app.add_config_value("derive_cache_directory", "", "env", (str,))
    app.add_config_value("derive_processes", 0, "", (int,))
    # Not for authors: every page is read again after an upgrade.
    app.add_config_value("derive_built_with", __version__, "env", (str,))

    for kind in (
        *(derive_formula, derive_equations, derive_reason, derive_prose),
        *(derive_scroll, derive_switch, derive_choice, derive_table),
    ):
        app.add_node(kind, **VISITORS[kind])
    # Where figures are numbered by section, Sphinx wants to know what else is numbered so.
    app.add_enumerable_node(derive_line, "displaymath", numbered_title, **VISITORS[derive_line])
    app.add_node(derive_derivation)
    app.add_domain(DeriveDomain)
    app.add_directive("derivation", DerivationDirective)
    app.add_directive("gradient", GradientDirective)
    app.add_directive("derivation-rules", RulesDirective)
    app.add_role("gradient", GradientRole())
    app.add_role("rule", RuleRole(warn_dangling=True))
    app.add_transform(Translate)
    app.add_post_transform(Expand)
    app.add_post_transform(OwnEquations)
    app.add_post_transform(Shorten)
    app.add_post_transform(Finish)
    app.add_message_catalog("derive", str(Path(__file__).parents[1] / "locale"))

    app.add_css_file(STYLE_SHEET)
    app.add_latex_package("xcolor")
    app.connect("config-inited", _with_static_files)
    app.connect("builder-inited", _with_switches)
    app.connect("builder-inited", latex_preamble)
    app.connect("builder-inited", note_failures)
    app.connect("env-get-outdated", pages_that_failed)
    app.connect("env-before-read-docs", ahead.start)
    app.connect("env-updated", ahead.stop)
    app.connect("build-finished", ahead.stop)
    app.connect("env-updated", settle_labels)
    app.connect("env-check-consistency", warn_of_clashes)
    app.connect("env-check-consistency", warn_of_unknown_equations)
    app.connect("build-finished", declare_mathematics)
    return {
        "version": __version__,
        "env_version": 5,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def _with_static_files(app: Sphinx, config: Config) -> None:
    """Have the style sheet copied: before the project's own files, which may replace it."""
    config.html_static_path = [str(Path(__file__).parent / "static"), *config.html_static_path]


def _with_switches(app: Sphinx) -> None:
    """The same for what only pages on the web have."""
    if is_web_page(app.builder):
        folder = Path(__file__).parent / "switches"
        app.config.html_static_path = [str(folder), *app.config.html_static_path]
        app.add_css_file(SWITCHES)
