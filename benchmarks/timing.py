"""Timing two things side by side, so that a busy machine slows both."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent


def environment() -> dict[str, str]:
    """The environment of the processes that are timed: this checkout on the path, and bytecode is
    kept, as it is for an installed package."""
    variables = {name: text for name, text in os.environ.items() if name != _NO_BYTECODE}
    variables["PYTHONPATH"] = str(ROOT)
    return variables


_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


def python(*arguments: str) -> list[str]:
    """The command line of this interpreter."""
    return [sys.executable, *arguments]


def processes(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[float]]:
    """The seconds that whole processes take, in turn: A B A B … after one round to warm up.

    Raises:
        subprocess.CalledProcessError: a command fails.
    """
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, env=environment(), capture_output=True)
            if number:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def calls(functions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """The seconds that calls take, in turn, each with SymPy's cache emptied before."""
    from sympy.core.cache import clear_cache

    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(rounds):
        for name, function in functions.items():
            clear_cache()
            gc.collect()
            start = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def medians(seconds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The median of each."""
    return {name: median(times) for name, times in seconds.items()}
