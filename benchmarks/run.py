"""Everything that is said about speed, measured in one run: ``python benchmarks/run.py``.

What is compared is timed in turn (A B A B …), and the medians are compared. Nothing here is a
test; the limits are printed beside the numbers for the reader. See ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from timing import ROOT, calls, environment, medians, processes, python

sys.path.insert(0, str(ROOT))

COMMAND = ("-m", "derive")
SHOW = python(*COMMAND, "show", "logistic_regression")
IMPORT = python("-c", "import sympy")
COUNTS = (3, 10, 30, 100)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    ours: str
    theirs: str = ""
    ratio: str = ""
    limit: str = ""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="rounds of each comparison")
    parser.add_argument("--limit", type=float, default=60, help="seconds for SymPy, per case")
    parser.add_argument("only", nargs="*", help="a, b, c or d; all if left out")
    options = parser.parse_args()
    few = max(3, options.rounds // 3)
    parts: dict[str, Callable[[], Iterator[Row]]] = {
        "a": partial(cold, options.rounds),
        "b": partial(warm, few),
        "c": partial(written_out, few, options.limit),
        "d": partial(any_size, options.rounds),
    }
    print(f"{os.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}")
    print("| what | derive | compared with | ratio | limit |\n|---|---|---|---|---|")
    for name, part in parts.items():
        if not options.only or name in options.only:
            for row in part():
                cells = (row.what, row.ours, row.theirs, row.ratio, row.limit)
                print(f"| {' | '.join(cells)} |", flush=True)


# a: whole processes ------------------------------------------------------------------------------


def cold(rounds: int) -> Iterator[Row]:
    """``derive show``, all checks included, against ``import sympy``; what needs no SymPy."""
    short = {name: python(*COMMAND, name) for name in ("list", "--help")}
    commands = {"show": SHOW, "import": IMPORT, **short, "nothing": python("-c", "pass")}
    found = medians(processes(commands, rounds))
    yield Row(
        "cold `derive show logistic_regression`",
        _seconds(found["show"]),
        f"{_seconds(found['import'])} (`import sympy`)",
        f"{found['show'] / found['import']:.2f}",
        "≤ 2.0",
    )
    for name, command in short.items():
        loaded = "imports SymPy" if _imports_sympy(command) else "doesn't import SymPy"
        yield Row(
            f"cold `derive {name}`, {loaded}",
            _seconds(found[name]),
            f"{_seconds(found['nothing'])} (Python alone)",
            f"{found[name] / found['nothing']:.1f}",
            "no SymPy",
        )


def _imports_sympy(command: list[str]) -> bool:
    traced = [command[0], "-X", "importtime", *command[1:]]
    done = subprocess.run(traced, check=True, env=environment(), capture_output=True, text=True)
    return any(line.rsplit("|", 1)[-1].strip() == "sympy" for line in done.stderr.splitlines())


# b: derived against simplified -------------------------------------------------------------------


def warm(rounds: int) -> Iterator[Row]:
    """Derive and check at m = 3 against ``simplify`` of one component of the same gradient."""
    import sympy
    from sympy_alone import cost

    import derive

    whole, weight = cost(3)
    explicit = whole.diff(weight)
    functions = {
        "derive": lambda: derive.gradient("logistic_regression", wrt="w", m=3, n=2),
        "simplify": lambda: sympy.simplify(explicit),
    }
    found = medians(calls(functions, rounds))
    yield Row(
        "warm, derived and checked at m = 3",
        _seconds(found["derive"]),
        f"{_seconds(found['simplify'])} (`sympy.simplify`)",
        f"1/{found['simplify'] / found['derive']:.0f}",
        "≤ 1/5",
    )
    derivation = derive.gradient("logistic_regression", wrt="w", m=3, n=2)
    theirs = str(sympy.simplify(explicit))
    yield Row("… its answer, any m", f"`{derivation.result}`")
    yield Row(
        "… its answer, written out",
        f"`{derivation.small[0].explicit}`",
        f"`{theirs[:60]}…`, {len(theirs)} characters",
    )


# c: the written-out case -------------------------------------------------------------------------


def written_out(rounds: int, limit: float) -> Iterator[Row]:
    """The whole derivation with the case written out at m examples, checks included."""
    import derive

    at = partial(derive.gradient, "logistic_regression", wrt="w", n=2)
    found = medians(calls({str(m): partial(at, m=m) for m in COUNTS}, rounds))
    for m in COUNTS:
        ours = found[str(m)]
        theirs, seconds = _sympy_alone(m, limit)
        yield Row(
            f"written out at m = {m}, with checks",
            f"{_seconds(ours)}, {1000 * ours / m:.1f} ms an example",
            f"{theirs} (`diff` and `simplify`)",
            "" if seconds is None else f"1/{seconds / ours:.0f}",
            "≤ 3 s" if m == COUNTS[-1] else "",
        )
    yield Row("… m = 100 over m = 10", "", "", f"{found['100'] / found['10']:.1f}", "≤ 10 (linear)")


def _sympy_alone(count: int, limit: float) -> tuple[str, float | None]:
    """What SymPy took, in words and as a number, in a process of its own that ends at the limit."""
    command = python(str(ROOT / "benchmarks" / "sympy_alone.py"), str(count))
    try:
        done = subprocess.run(
            command, check=True, env=environment(), capture_output=True, text=True, timeout=limit
        )
    except subprocess.TimeoutExpired:
        return f"> {limit:g} s", None
    differentiated, simplified, _ = map(float, done.stdout.split())
    return _seconds(differentiated + simplified), differentiated + simplified


# d: any m ----------------------------------------------------------------------------------------


def any_size(rounds: int) -> Iterator[Row]:
    """The derivation for every m, when the case beside it is written out at different m."""
    import derive
    from derive.small_case import resolve_sizes, small_cases

    problem = derive.catalogue.load("logistic_regression")
    for m in (3, 30, 300):
        sizes = resolve_sizes(problem, {"m": m})
        functions: dict[str, Callable[[], object]] = {
            "all": partial(derive.gradient, problem, wrt="w", check="none", m=m),
            "case": partial(small_cases, problem, ("w",), sizes),
        }
        times = calls(functions, rounds)
        both = zip(times["all"], times["case"], strict=True)
        without = medians({"any": [whole - case for whole, case in both]})["any"]
        yield Row(
            f"any-m derivation beside a case at m = {m}",
            _seconds(without),
            f"{_seconds(medians(times)['case'])} (the case)",
            "",
            "the same for every m",
        )


def _seconds(value: float) -> str:
    return f"{1000 * value:.0f} ms" if value < 1 else f"{value:.2f} s"


if __name__ == "__main__":
    main()
