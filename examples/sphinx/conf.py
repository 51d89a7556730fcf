"""A small site with derivations: ``sphinx-build -W -n . _build/html``."""

project = "Gradients"
author = "An author"
project_copyright = "An author"
version = release = "1.0"
extensions = ["myst_parser", "derive.sphinx"]
exclude_patterns = ["_build", "README.md"]
# Mathematics is MathML, which needs no script from elsewhere.
html_theme = "alabaster"
