"""What derivations cost a documentation build: ``python benchmarks/sphinx_site.py``.

Sites of the same pages are built by Sphinx, each in processes of its own, in turn:

- ``plain``: the pages with their words alone;
- ``catalogue``: a derivation on each page, of the entries of the catalogue with other quantities,
  sizes and options, so that a quantity or an option differs on each page but problems repeat;
- ``own``: a derivation on each page, of that many different problems, each in a file of its own;
- ``plots``: a plot on each page, by ``matplotlib.sphinxext.plot_directive``.

A first build starts from nothing, with empty caches; the next one has nothing to do. What is
printed is the time, that of the processors (which says more on a busy machine), what the latter is
more than the plain site's, and the ratio of this to the plots'.
See ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from timing import environment, medians, processes, python

WORDS = (
    "A cost is a mean over examples, and so is its gradient: each example adds its own share, "
    "and the number of examples divides the sum of these. "
)

CONF = """project = "Site"
author = "An author"
extensions = [{extension}]
html_theme = "basic"
plot_formats = ["png"]
plot_html_show_formats = False
plot_html_show_source_link = False
"""

PLOT = """
.. plot::

   import math
   import matplotlib.pyplot as plt
   x = [0.05 * n for n in range(200)]
   plt.plot(x, [math.sin(t + {number} / 7) for t in x], label="page {number}")
   plt.plot(x, [math.cos(t * {number} / 50) for t in x])
   plt.xlabel("x")
   plt.legend()
"""

SITES = ("plain", "catalogue", "own", "plots")


# The pages ---------------------------------------------------------------------------------------


def catalogue_pages() -> Iterator[str]:
    """Directives for entries of the catalogue, no two of them alike."""
    entries = {
        "linear_regression": ("w", "b"),
        "logistic_regression": ("w", "b"),
        "ridge_regression": ("w", "b"),
        "linear_regression_mean_square": ("w", "b"),
        "softmax_regression": ("W", "b"),
        "mlp": ("W1", "b1", "w2", "b2"),
        "mean_loss": ("W", "b"),
        "layer": ("W", "b"),
    }
    sizes = ("", "m=2", "m=4", "m=2, n=3", "m=3, n=1", "m=5")
    details = ("normal", "full", "brief")
    for size, detail in itertools.product(sizes, details):
        for entry, names in entries.items():
            for wrt in (", ".join(names), *names):
                options = [f":wrt: {wrt}", f":detail: {detail}"]
                if size:
                    options.append(f":sizes: {size}")
                yield f".. derivation:: {entry}\n" + "".join(f"   {each}\n" for each in options)


#: A problem: what stands before the cost and what is divided by m.
PROBLEM = """from derive.language import *

i, j = indices("i:m", "j:n")
spare = indices("s:n")
x = data("x[i,j]")
y = data("y[i]", domain="{domain}")
w = parameter("w[j]")
{declared}
z = define("z[i]", sum(w[j] * x[i, j], over=j){bias})
{activation}
L = define("L[i]", {loss})
J = define("J", {cost})

J = problem(J, name="own_{number}", title="Problem {number}", spare=spare)
"""

NETWORK = """from derive.language import *

i, j, h = indices("i:m", "j:n", "h:H")
spare = indices("s:n", "r:H")
x = data("x[i,j]")
y = data("y[i]", domain="{domain}")
V = parameter("V[h,j]")
c = parameter("c[h]")
w = parameter("w[h]")
b = parameter("b")
u = define("u[i,h]", sum(V[h, j] * x[i, j], over=j) + c[h])
a = define("a[i,h]", {hidden}(u[i, h]))
z = define("z[i]", sum(w[h] * a[i, h], over=h) + b)
{activation}
L = define("L[i]", {loss})
J = define("J", mean(L[i], over=i))

J = problem(J, name="own_{number}", title="Network {number}", spare=spare)
"""


def own_problems(count: int) -> Iterator[str]:
    """Different problems: nine in ten are of one layer, one in ten has a hidden one."""
    identity = ("", "z[i]", "real")
    losses = [
        (*identity, "(z[i] - y[i]) ** 2 / 2"),
        (*identity, "(z[i] - y[i]) ** 2"),
        (*identity, "exp(z[i]) - y[i] * z[i]"),
        (*identity, "ln(1 + exp(-y[i] * z[i]))"),
        ('p = define("p[i]", tanh(z[i]))', "p[i]", "real", "(p[i] - y[i]) ** 2 / 2"),
        ('p = define("p[i]", sigmoid(z[i]))', "p[i]", "unit interval", "(p[i] - y[i]) ** 2 / 2"),
        (
            'p = define("p[i]", sigmoid(z[i]))',
            "p[i]",
            "binary",
            "-(y[i] * ln(p[i]) + (1 - y[i]) * ln(1 - p[i]))",
        ),
    ]
    penalty = "rho = hyperparameter('rho')"
    weights = "q = data('q[i]', domain='positive')"
    networks = itertools.product(("tanh", "sigmoid"), losses)
    layers = itertools.product(
        ("", " + b"),
        ("", " + rho / 2 * sum(w[j] ** 2, over=j)"),
        ("L[i]", "q[i] * L[i]"),
        ("mean({}, over=i)", "sum({}, over=i)"),
        losses,
    )
    for number in range(1, count + 1):
        if number % 10 == 0:
            hidden, (activation, _, domain, loss) = next(networks)
            yield NETWORK.format(
                number=number, hidden=hidden, activation=activation, domain=domain, loss=loss
            )
            continue
        bias, added, weighted, over, (activation, _, domain, loss) = next(layers)
        declared = ["b = parameter('b')"] * bool(bias) + [penalty] * bool(added)
        declared += [weights] * ("q" in weighted)
        yield PROBLEM.format(
            number=number,
            domain=domain,
            declared="\n".join(declared),
            bias=bias,
            activation=activation,
            loss=loss,
            cost=over.format(weighted) + added,
        )


def write_site(kind: str, folder: Path, count: int) -> None:
    """The sources of a site of ``count`` pages."""
    folder.mkdir(parents=True)
    extension = {"plain": "", "plots": '"matplotlib.sphinxext.plot_directive"'}
    text = CONF.format(extension=extension.get(kind, '"derive.sphinx"'))
    (folder / "conf.py").write_text(text, encoding="utf-8")
    pages = [f"page{number}" for number in range(1, count + 1)]
    toctree = "".join(f"   {page}\n" for page in pages)
    (folder / "index.rst").write_text(f"Site\n====\n\n.. toctree::\n\n{toctree}", encoding="utf-8")
    contents: list[str] = [""] * count
    if kind == "catalogue":
        # The equations of each page have a label of their own.
        contents = [
            f"{directive}   :label: page{number}\n"
            for number, directive in enumerate(itertools.islice(catalogue_pages(), count), start=1)
        ]
    if kind == "own":
        contents = [f".. derivation:: problem{n}.py:J\n" for n in range(1, count + 1)]
        for number, problem in enumerate(own_problems(count), start=1):
            (folder / f"problem{number}.py").write_text(problem, encoding="utf-8")
    if kind == "plots":
        contents = [PLOT.format(number=number) for number in range(1, count + 1)]
    assert len(contents) == count, f"there are only {len(contents)} pages of this kind"
    for number, (page, content) in enumerate(zip(pages, contents, strict=True), start=1):
        title = f"Page {number}"
        text = f"{title}\n{'=' * len(title)}\n\n{WORDS * 3}\n\n{content}\n{WORDS}\n"
        (folder / f"{page}.rst").write_text(text, encoding="utf-8")


# Building ----------------------------------------------------------------------------------------


def processor_seconds() -> float:
    """What the processes that have ended used of the processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def build(source: Path, target: Path, jobs: int) -> tuple[float, float]:
    """Build a site in a process of its own; the seconds it took, and those of the processors. A
    warning is an error."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-j", str(jobs)]
    started, used = time.perf_counter(), processor_seconds()
    done = subprocess.run(
        [*command, str(source), str(target)],
        check=False,
        env=environment(),
        capture_output=True,
        text=True,
    )
    seconds, used = time.perf_counter() - started, processor_seconds() - used
    if done.returncode:
        raise SystemExit(f"{source.name} was not built:\n{done.stdout}{done.stderr}")
    return seconds, used


def measure(sources: Path, count: int, jobs: int, rounds: int) -> None:
    """Print the table of one number of jobs."""
    times: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for kind in SITES:
            with tempfile.TemporaryDirectory() as scratch:
                source = Path(scratch) / kind
                shutil.copytree(sources / kind, source)
                for which in ("first", "next"):
                    taken = build(source, Path(scratch) / "built", jobs)
                    times.setdefault((kind, which), []).append(taken)
    found = {
        key: [statistics.median(each) for each in zip(*pairs, strict=True)]
        for key, pairs in times.items()
    }
    for which in ("first", "next"):
        for kind in SITES:
            seconds, used = found[kind, which]
            cells = [f"{kind}, {which} build, -j {jobs}", f"{seconds:.2f} s", f"{used:.2f} s"]
            if kind == "plain":
                cells += ["", ""]
            else:
                more = used - found["plain", which][1]
                of_plots = found["plots", which][1] - found["plain", which][1]
                cells.append(f"{more:+.2f} s, {1000 * more / count:+.0f} ms a page")
                # Two next builds differ by less than the noise: there is no ratio of that.
                compared = kind != "plots" and which == "first"
                cells.append(f"{more / of_plots:.1f}" if compared else "")
            print(f"| {' | '.join(cells)} |", flush=True)


def import_time(rounds: int) -> None:
    """Print what importing ``derive.sphinx`` costs a process that has Sphinx."""
    commands = {
        "with": python("-c", "import sphinx.application, docutils.parsers.rst, derive.sphinx"),
        "without": python("-c", "import sphinx.application, docutils.parsers.rst"),
    }
    found = medians(processes(commands, rounds))
    more = found["with"] - found["without"]
    print(
        f"| importing Sphinx and derive.sphinx | {1000 * found['with']:.0f} ms |  | "
        f"{1000 * more:+.0f} ms |  |",
        flush=True,
    )


def main() -> None:
    """Write the sites, build them, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=100, help="pages of each site")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is built")
    parser.add_argument("--jobs", type=int, nargs="*", default=[1, 2])
    options = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, {platform.python_implementation()} "
        f"{platform.python_version()}, {options.pages} pages, medians of {options.rounds}"
    )
    print("| site | took | of the processors | more than plain | beside the plots' |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for kind in SITES:
            write_site(kind, Path(scratch) / kind, options.pages)
        for jobs in options.jobs:
            measure(Path(scratch), options.pages, jobs, options.rounds)
    import_time(max(11, options.rounds))


if __name__ == "__main__":
    main()
