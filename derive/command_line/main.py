"""From the command line to an exit status.

Whatever a user can do wrong ends in one line on the standard error and the status 2; a check that
failed, in a report and the status 1.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from derive.command_line.arguments import parse
from derive.errors import CheckFailed, DeriveError

__all__ = ["main"]

#: Exit statuses; an interrupted command and one whose reader went away have those of the shell.
FAILED, MISTAKEN, INTERRUPTED, UNREAD = 1, 2, 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: without the name of the program; those of the process if left out.

    Returns:
        The exit status: 0, or 1 if a check failed, 2 if the command cannot be carried out.

    >>> main(["list"])  # doctest: +ELLIPSIS
    mean_loss ...
    0
    """
    try:
        if sys.stdout is None or sys.stderr is None:
            return MISTAKEN  # there is nothing to print to, and nothing to complain to
        _print_anything()
        status = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes the standard output once more at its end: give it something to write to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except CheckFailed as error:
        return _complain(f"a check failed, so nothing is shown\n{error}", FAILED)
    except DeriveError as error:
        return _complain(" ".join(str(error).split()), MISTAKEN)
    except RecursionError:
        return _complain("the cost is nested too deeply", MISTAKEN)
    except OSError as error:
        return _complain(f"{error.filename or 'the output'}: {error.strerror}", MISTAKEN)
    return status


def _run(arguments: list[str]) -> int:
    try:
        options = parse(arguments)
    except SystemExit as stop:  # after --help and --version
        return int(stop.code or 0)
    from derive.command_line import commands

    return commands.COMMANDS[options.command](options)


def _print_anything() -> None:
    """Formulas need Unicode, whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
        if not encoding.startswith("utf") and hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")


def _complain(message: str, status: int) -> int:
    print(f"derive: {message}", file=sys.stderr)
    return status
