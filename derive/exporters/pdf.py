"""PDF: a LaTeX document through the pdflatex that is installed.

What a document says cannot reach out of its folder: no command is run from it, and no file outside
the folder and TeX's own is read or written. The same document gives the same bytes.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from derive.errors import InputError

__all__ = ["compile_pdf"]

#: How long one run may take, in seconds: the longest document of the catalogue takes two.
TIMEOUT = 120.0

#: References and the number of slides are settled after two runs, what moves with them after three.
_MOST_RUNS = 5

#: What one run writes for the next one, by the endings of its files.
_FOR_THE_NEXT_RUN = (".aux", ".out", ".toc", ".nav", ".snm")
_ERROR = re.compile(r"^! (.+?)\s*$", re.MULTILINE)
_LINE = re.compile(r"^l\.(\d+)", re.MULTILINE)

#: Without an identifier made of the time and the folder; the version of TeX stays out as well.
_REPRODUCIBLE = r"\pdftrailerid{}\pdfsuppressptexinfo15 \input{document.tex}"


def compile_pdf(latex: str) -> bytes:
    """A LaTeX document as PDF, run as often as its references and the number of slides need.

    Args:
        latex: a whole document, such as :func:`derive.exporters.latex.export` or
            :func:`derive.exporters.beamer.export` makes.

    Returns:
        The bytes of the file, the same for the same document.

    Raises:
        InputError: no pdflatex is installed, it finds a fault in the document, takes too long, or
            its references do not settle.

    >>> import shutil
    >>> source = r"\\documentclass{article}\\begin{document}derive\\end{document}"
    >>> if shutil.which("pdflatex"):
    ...     first = compile_pdf(source)
    ...     assert first.startswith(b"%PDF")
    ...     assert first == compile_pdf(source)
    """
    import shutil
    from tempfile import TemporaryDirectory

    program = shutil.which("pdflatex")
    if program is None:
        raise InputError(
            "a PDF needs pdflatex, which is not installed (it comes with TeX Live or MiKTeX); "
            "the format tex needs none"
        )
    with TemporaryDirectory(prefix="derive-") as folder:
        return _compiled(program, Path(folder), latex)


def _compiled(program: str, folder: Path, latex: str) -> bytes:
    import subprocess

    (folder / "document.tex").write_text(latex, encoding="utf-8", newline="\n")
    command = [
        program,
        "-no-shell-escape",
        "-interaction=nonstopmode",
        "-halt-on-error",
        "-jobname=document",
        _REPRODUCIBLE,
    ]
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": "0",
        "FORCE_SOURCE_DATE": "1",
        "max_print_line": "10000",  # a message is on one line of the log
        "openin_any": "p",
        "openout_any": "p",
    }
    known: dict[str, bytes] = {}
    for _ in range(_MOST_RUNS):
        try:
            done = subprocess.run(  # noqa: S603 - the program was found on the PATH
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise InputError(f"pdflatex took longer than {TIMEOUT:.0f} s and was stopped") from None
        except OSError as error:
            raise InputError(f"pdflatex cannot be run: {error}") from None
        log = _read(folder / "document.log")
        if done.returncode:
            raise InputError(f"pdflatex: {_complaint(log or done.stdout.decode(errors='replace'))}")
        noted = _noted(folder)
        if noted == known:
            break
        known = noted
    else:
        raise InputError(f"pdflatex: the references do not settle in {_MOST_RUNS} runs")
    pdf = folder / "document.pdf"
    if not pdf.is_file():
        raise InputError("pdflatex wrote no page: the document is empty")
    return pdf.read_bytes()


def _noted(folder: Path) -> dict[str, bytes]:
    """What a run wrote for the next one: where that is what it was given itself, it is done."""
    paths = (folder / f"document{ending}" for ending in _FOR_THE_NEXT_RUN)
    return {path.name: path.read_bytes() for path in paths if path.is_file()}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _complaint(log: str) -> str:
    r"""The first error of a log, with its line.

    >>> _complaint("! Undefined control sequence.\nl.7 \\foo\n")
    'Undefined control sequence, at line 7 of the document'
    """
    error = _ERROR.search(log)
    if error is None:
        last = [line for line in log.splitlines() if line.strip()]
        return last[-1][:200] if last else "it stopped and said nothing"
    line = _LINE.search(log, error.end())
    where = f", at line {line[1]} of the document" if line else ""
    return f"{error[1].rstrip('.')[:200]}{where}"
