"""The site of the documentation, built once a run."""

from __future__ import annotations

import os
import time

import pytest
from site_build import Site, build


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Site:
    """The site as HTML; where several processes run the tests, one of them builds it for all."""
    for module in ("sphinx", "myst_parser", "furo", "sphinx_copybutton"):
        if os.environ.get("CI"):
            __import__(module)
        else:
            pytest.importorskip(module, reason=f"{module} is not installed")
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # which the workers of a run share
    folder, done = base / "docs-site", base / "docs-site.done"
    try:
        folder.mkdir()
    except FileExistsError:
        end = time.monotonic() + 600
        while not done.exists():
            assert time.monotonic() < end, "another process was to build the site, and did not"
            time.sleep(0.2)
    else:
        built = build("html", folder / "html", folder / "trees")
        part = done.with_suffix(".part")
        part.write_text(f"{built.returncode}\n{built.stdout}", encoding="utf-8")
        part.replace(done)
    status, _, report = done.read_text(encoding="utf-8").partition("\n")
    return Site(folder / "html", folder / "trees", report, int(status))
