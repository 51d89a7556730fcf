"""A second process for the part of the checks that needs SymPy.

Importing SymPy takes longer than deriving a gradient does. A command that is run once starts this
process first: it imports SymPy while the derivation is made, and compares while the other checks
run. The comparison itself is the same, wherever it runs.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    # Nothing of ours is imported before the process is started: it should start at once.
    from derive.derivation import Check
    from derive.model import Problem
    from derive.terms import Term

__all__ = ["Beside", "check_small_cases"]


def check_small_cases(problem: Problem, results: Mapping[str, Term], seed: int) -> list[Check]:
    """SymPy's own derivative of the unrolled cost against each result, here and now."""
    from derive.checks.oracle import SmallCaseChecker

    oracle = SmallCaseChecker(problem, seed=seed)
    return [check for name, result in results.items() for check in oracle.check(name, result)]


class Beside:
    """Runs :func:`check_small_cases` once, in a process of its own.

    Where processes cannot be forked, or where the process is lost, it runs in this one.

    >>> from derive.catalogue import load
    >>> from derive.gradients import gradient
    >>> with Beside() as beside:
    ...     gradient("linear_regression", wrt="b", beside=beside).passed
    True
    """

    def __init__(self) -> None:
        self._work: tuple[Problem, dict[str, Term], int] | None = None
        self._process: int | None = None
        self._jobs: BinaryIO | None = None
        self._answers: BinaryIO | None = None
        if hasattr(os, "fork"):
            self._start()

    def _start(self) -> None:
        job_reader, job_writer = os.pipe()
        answer_reader, answer_writer = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        process = os.fork()
        if process == 0:
            os.close(job_writer)
            os.close(answer_reader)
            _serve(job_reader, answer_writer)
        os.close(job_reader)
        os.close(answer_writer)
        self._process = process
        self._jobs = os.fdopen(job_writer, "wb")
        self._answers = os.fdopen(answer_reader, "rb")

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def begin(self, problem: Problem, results: Mapping[str, Term], seed: int) -> None:
        """Hand the work over; it goes on while this process does something else."""
        self._work = (problem, dict(results), seed)
        if self._jobs is not None:
            try:
                pickle.dump(self._work, self._jobs)
                self._jobs.close()
            except BrokenPipeError:
                pass  # the process is gone: finish() does the work

    def finish(self) -> list[Check]:
        """The outcome of the work, once it is there."""
        assert self._work is not None
        answer: object = None
        if self._answers is not None:
            try:
                answer = pickle.load(self._answers)  # noqa: S301 - from our own process
            except (EOFError, pickle.UnpicklingError):
                answer = None
            self._wait()
        if isinstance(answer, list):
            return answer
        return check_small_cases(*self._work)

    def close(self) -> None:
        """End the process if it is still there, whatever it is doing."""
        for stream in (self._jobs, self._answers):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass  # nobody is left to read what was buffered
        if self._process is not None:
            os.kill(self._process, signal.SIGKILL)
            self._wait()

    def _wait(self) -> None:
        if self._process is not None:
            os.waitpid(self._process, 0)
            self._process = None


def _serve(job_reader: int, answer_writer: int) -> None:
    """In the other process: get ready, do the one piece of work, and end."""
    try:
        import sympy  # noqa: F401 - importing it beforehand is the point

        with os.fdopen(job_reader, "rb") as jobs, os.fdopen(answer_writer, "wb") as answers:
            try:
                work = pickle.load(jobs)  # noqa: S301 - from our own process
            except EOFError:
                os._exit(0)  # no work came
            pickle.dump(check_small_cases(*work), answers)
    except BaseException:  # noqa: BLE001 - the work is done again, and fails again, in the other one
        os._exit(1)
    os._exit(0)
