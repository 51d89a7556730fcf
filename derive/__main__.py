"""The process behind the command ``derive``, and behind ``python -m derive``."""

from __future__ import annotations

import gc
import os
import sys


def run() -> None:
    """Run the command line of this process and end it with its exit status.

    One command is a short life: collecting garbage in it, and starting threads for linear algebra
    on small arrays, would take a third of its time.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()
    try:
        from derive.command_line import main

        status = main()
    except KeyboardInterrupt:
        # While importing, or while worker processes are being ended.
        print("derive: interrupted", file=sys.stderr)
        status = 130
    if status == 130:
        # Interrupted inside an exec() of a string, as where a data class is made, Python would end
        # by the signal after all, although it was dealt with.
        sys.stderr.flush()
        os._exit(status)
    gc.freeze()  # nothing is left to be collected at the end
    sys.exit(status)


if __name__ == "__main__":
    run()
