"""The documentation of derive, with derivations that derive itself puts there.

In the root of the repository: ``sphinx-build -W -n -j 2 docs docs/_build/html``.
"""

# ruff: noqa: INP001 - Sphinx runs this file; it is in no package

from __future__ import annotations

import sys
from pathlib import Path

import derive

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "derive"
author = "derive contributors"
project_copyright = author
version = release = derive.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "derive.sphinx",
    "catalogue_pages",
    "docstrings",
    "mathml",
    "pieces",
]
exclude_patterns = ["_build"]

# Pages are read on GitHub as well, which shows $…$ as mathematics and follows links to headings.
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

# Formulas are MathML, those of derivations and those in the text: nothing is fetched.
html_math_renderer = "mathml"

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
# One entry may describe several parameters or attributes: "rows, columns: the whole array".
napoleon_use_param = False
napoleon_custom_sections = [("Attributes", "params_style")]
# No other site is asked for its objects, and some types are described in words alone.
nitpick_ignore_regex = [
    ("py:class", r"(collections\.abc|fractions)\..*"),
    ("py:class", r"derive\.(dependency|language|matrix|notation|rules)\..*"),
    ("py:class", "Operand|Cost"),
    # Sphinx takes signatures with default values apart at the wrong commas.
    ("py:(class|obj)", r"(tuple\[~?|typing\.Literal\[).*"),
]
nitpick_ignore = [("py:func", "export"), ("py:attr", "results")]

html_theme = "furo"
html_title = f"derive {release}"
html_static_path = ["_static"]
html_css_files = ["docs.css"]
html_copy_source = False
html_show_sourcelink = False

# Prompts are not copied, and neither is what Python answers.
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

# LaTeX with fonts that have the letters of mathematics.
latex_engine = "lualatex"
latex_elements = {
    "fontpkg": r"""\usepackage{fontspec}
\defaultfontfeatures{Scale=0.86}
\setmainfont{DejaVu Serif}
\setsansfont{DejaVu Sans}
\setmonofont{DejaVu Sans Mono}
""",
    # For the computation graphs, and for wide numbers in the table of contents.
    "preamble": r"""\usepackage{tikz,adjustbox}\usetikzlibrary{arrows.meta}
\makeatletter\renewcommand\@pnumwidth{2.2em}\renewcommand\@tocrmarg{3.2em}
\renewcommand\sphinxtableofcontentshook{%
  \renewcommand*\l@section{\@dottedtocline{1}{1.5em}{3.2em}}%
  \renewcommand*\l@subsection{\@dottedtocline{2}{4.7em}{4em}}}
\makeatother""",
}
latex_documents = [("index", "derive.tex", "derive", author, "manual")]

epub_show_urls = "no"
