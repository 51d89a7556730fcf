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
    from derive.command_line import main

    status = main()
    gc.freeze()  # nothing is left to be collected at the end
    sys.exit(status)


if __name__ == "__main__":
    run()
