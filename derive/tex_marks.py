r"""Derivations in a paper: the marks ``\derivation{…}`` of a LaTeX file filled with fragments.

An author writes ``\input{derive/marks}`` once in the preamble, which loads amsmath and xcolor if
need be, and where a derivation should stand::

    \derivation{logistic_regression}
    \derivation[wrt=w, detail=brief, m=3, parts=result any]{logistic_regression}
    \derivation[columns=2, label=own, look={examples=superscript, w=theta}]{models.py:J}

:func:`fill` writes the fragments, and the file with the definition of ``\derivation``, into the
folder ``derive`` beside the main file. They belong to the paper's sources: whoever compiles it
needs nothing but TeX.

The options are ``wrt``, ``detail``, ``layout``, ``parts``, ``label``, ``look``, ``columns``,
``steps`` and ``worksheet`` as in :func:`derive.exporters.latex.export`, ``untitled`` for a fragment
without the problem's title above it, ``seed``, ``sizes``, and sizes such as ``m=3``. A value with a
comma stands in braces. ``steps``, ``worksheet`` and ``untitled`` may stand alone. A file of the
author's has to be in the folder of the main file or below it.

The documents of a folder share the folder of the fragments: ``marks.tex`` has a part for each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from derive.asked import read_request, read_switch, read_whole
from derive.cache import checked, derivation_of
from derive.errors import CheckFailed, DeriveError, InputError
from derive.files import write_whole

__all__ = ["FOLDER", "Filled", "Mark", "fill", "marks", "refresh"]

#: The folder of the fragments, beside the main file.
FOLDER = "derive"

#: The first words of every file that is made here: only such files are replaced or removed.
HEADER = "% Made by derive tex; what is changed here is lost."

_DEFINITIONS = rf"""{HEADER}
% \input this file in the preamble. It needs amsmath and xcolor, which every TeX system has.
\RequirePackage{{amsmath,xcolor}}
\makeatletter
% The mark, with its spaces as they are read, is the name of its fragment.
\providecommand{{\derivation}}[2][]{{\begingroup
  \edef\derive@mark{{derive:\detokenize{{[#1]{{#2}}}}}}%
  \expandafter\ifx\csname\derive@mark\endcsname\relax
    \PackageError{{derive}}{{There is no fragment for this \protect\derivation.\MessageBreak
      Run: derive tex \jobname.tex}}%
      {{It writes the fragments for the marks of the main file; then run TeX again.}}%
    \endgroup
  \else
    \edef\derive@mark{{\endgroup\noexpand\input{{\csname\derive@mark\endcsname}}}}%
    \expandafter\derive@mark
  \fi}}
\providecommand{{\derive@fragment}}[2]{{%
  \expandafter\gdef\csname derive:\detokenize{{#1}}\endcsname{{#2}}}}
"""

#: Options that only a mark has.
_OWN = ("columns", "steps", "worksheet", "untitled")

#: The file with the definitions.
_MARKS = "marks.tex"

#: Where the part of a main file begins in it, and a fragment's line.
_PART = re.compile(r'% The marks of (".*")')
_ENTRY = re.compile(rf"\\derive@fragment\{{(.*)\}}\{{{FOLDER}/([A-Za-z0-9-]+)\}}")

#: Environments whose contents TeX prints as they are, or doesn't read at all.
_VERBATIM = (
    r"verbatim\*?|Verbatim\*?|BVerbatim|LVerbatim|lstlisting|minted|alltt|comment|filecontents\*?"
)

_SKIPPED = re.compile(
    rf"\\begin\s*\{{(?P<environment>{_VERBATIM})\}}.*?\\end\s*\{{(?P=environment)\}}"
    r"|\\verb\*?(?P<sign>[^A-Za-z\s*]).*?(?P=sign)"
    r"|\\lstinline(?:\[[^\]]*\])?(?P<other>[^A-Za-z\s\[{]).*?(?P=other)"
    r"|\\(?:new|renew|provide|Declare[A-Za-z]*)command\*?\s*\{?\\derivation(?![A-Za-z@])"
    r"|\\end\s*\{document\}.*"
    r"|\\\\|\\%"  # a line's end, and a percent sign that is printed
    r"|%[^\n]*(?:\n[ \t]*)?",  # a comment takes the end of its line with it
    re.DOTALL,
)
_MARK = re.compile(r"\\derivation(?![A-Za-z@])")
_INPUT = re.compile(r"\\(?:input|include|subfile)(?![A-Za-z@])\s*(?:\{([^{}]*)\}|([^\s\\{}%]+))")


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark as it stands in a file.

    Attributes:
        name: the catalogue entry, or ``file.py:problem``.
        options: its options by name.
        key: what stands in the brackets and the braces, with its spaces as TeX reads them.
        where: file and line, for messages.
    """

    name: str
    options: tuple[tuple[str, str], ...]
    key: str
    where: str

    @property
    def stem(self) -> str:
        """The name of its fragment: the problem's, and a short hash of the whole mark."""
        import hashlib

        plain = re.sub(r"[^A-Za-z0-9]+", "-", self.name.replace(".py:", "-")).strip("-")
        return f"{plain[:40]}-{hashlib.sha256(self.key.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Filled:
    """What was done in the folder of the fragments: the files written, and those removed."""

    written: tuple[Path, ...]
    removed: tuple[Path, ...]


def fill(path: str | Path) -> list[Path]:
    r"""Write the fragments for the marks of a LaTeX file, and of the files that it reads.

    Args:
        path: the main file.

    Returns:
        The files written, in order; :func:`refresh` tells those removed as well.

    Raises:
        InputError: the file cannot be read, or a mark names a problem or an option that there
            isn't; the message begins with the mark's file and line.
        CheckFailed: a check of a derivation failed; the message begins likewise.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     main = Path(folder, "main.tex")
    ...     _ = main.write_text(r"\derivation[wrt=b, parts=result]{linear_regression}")
    ...     [file.name for file in fill(main)], fill(main)
    (['linear-regression-db8d9da7.tex', 'marks.tex'], [])
    """
    return list(refresh(path).written)


def refresh(path: str | Path) -> Filled:
    r"""Write the fragments as :func:`fill`, and tell what was done.

    A file that is as it should be isn't touched. One that no mark asks for any more, of this file
    or of another main file beside it, is removed. Nothing is written unless every mark can be
    filled.

    Raises:
        InputError, CheckFailed: as :func:`fill`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     main = Path(folder, "main.tex")
    ...     _ = main.write_text(r"\derivation[wrt=b, parts=result]{linear_regression}")
    ...     _ = refresh(main)
    ...     _ = main.write_text("")
    ...     [file.name for file in refresh(main).removed]
    ['linear-regression-db8d9da7.tex', 'marks.tex']
    """
    main = Path(path)
    found = marks(main)
    folder = main.parent / FOLDER
    _check_folder(folder, main.parent)
    contents: dict[str, str] = {}
    derived: dict[object, Any] = {}
    labels: dict[str, Mark] = {}
    entries: list[tuple[str, str]] = []
    for mark in found:
        try:
            label, source = _fragment(mark, main.parent, derived)
        except DeriveError as error:
            kind = CheckFailed if isinstance(error, CheckFailed) else InputError
            raise kind(f"{mark.where}: {error}") from error
        if label in labels:
            raise InputError(
                f"{mark.where}: its equations would have the labels of the mark at "
                f"{labels[label].where}; give one of them a label= of its own"
            )
        labels[label] = mark
        contents[f"{mark.stem}.tex"] = f"{HEADER}\n% {mark.key}\n{source}"
        entries.append((mark.key, mark.stem))
    parts = _parts_of_others(folder, main)
    kept = {f"{stem}.tex" for others in parts.values() for _, stem in others}
    if entries:
        parts[main.name] = entries
    if parts:
        contents[_MARKS] = _definitions(parts)
    return _written(folder, contents, kept)


# Reading -----------------------------------------------------------------------------------------


def marks(main: Path) -> tuple[Mark, ...]:
    """The marks of a LaTeX file and of the files in its folder that it reads, in reading order.

    Raises:
        InputError: a file cannot be read, or a mark isn't complete.
    """
    if not main.is_file():
        raise InputError(f"there is no file {main}")
    return tuple(_marks_of(main, main.parent, set()))


def _marks_of(path: Path, root: Path, seen: set[Path]) -> Iterator[Mark]:
    seen.add(path.resolve())
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    source = source.replace("\r\n", "\n")
    blank = _blanked(source)
    places = sorted(
        [
            *((match.start(), match) for match in _MARK.finditer(blank)),
            *((match.start(), match) for match in _INPUT.finditer(blank)),
        ],
        key=lambda each: each[0],
    )
    for place, match in places:
        if match.re is _MARK:
            where = f"{path}:{source.count(chr(10), 0, place) + 1}"
            yield _mark(blank, match.end(), where)
            continue
        file = _input_file((match[1] or match[2]).strip().strip('"'), root)
        if file is not None and file.resolve() not in seen:
            yield from _marks_of(file, root, seen)


#: Stands for a sign that TeX doesn't read as one: it keeps the places of the others.
_NOTHING = "\0"


def _blanked(source: str) -> str:
    """The source with comments, and with what TeX prints as it stands, taken out in place."""
    return _SKIPPED.sub(lambda match: _NOTHING * len(match[0]), source)


def _input_file(name: str, root: Path) -> Path | None:
    """The file that is read, if it lies in the folder and isn't one of those made here."""
    for candidate in (root / name, root / f"{name}.tex"):
        if not candidate.is_file():
            continue
        inside = candidate.resolve()
        base = root.resolve()
        if inside.is_relative_to(base) and not inside.is_relative_to(base / FOLDER):
            return candidate
    return None


def _mark(source: str, place: int, where: str) -> Mark:
    options = ""
    place = _past_space(source, place)
    if source[place : place + 1] == "[":
        options, place = _enclosed(source, place, "]", where)
        place = _past_space(source, place)
    if source[place : place + 1] != "{":
        raise InputError(rf"{where}: \derivation has no name; write \derivation{{NAME}}")
    name, _ = _enclosed(source, place, "}", where)
    for part in (options, name):
        if any(sign in part for sign in "\\#~^$&"):
            raise InputError(f"{where}: {' '.join(part.split())[:60]!r} has a sign of TeX's own")
        if re.search(r"\n[ \t]*\n", part):
            raise InputError(f"{where}: there is an empty line in the mark")
    options, name = (re.sub(r"\s+", " ", part) for part in (options, name))
    if not name.strip():
        raise InputError(rf"{where}: \derivation has no name; write \derivation{{NAME}}")
    return Mark(name.strip(), _options(options, where), f"[{options}]{{{name}}}", where)


def _past_space(source: str, place: int) -> int:
    while place < len(source) and (source[place].isspace() or source[place] == _NOTHING):
        place += 1
    return place


def _enclosed(source: str, place: int, closing: str, where: str) -> tuple[str, int]:
    """What stands between the sign at ``place`` and its partner, and the place after that."""
    depth = 0
    for end in range(place + 1, len(source)):
        sign = source[end]
        if sign == closing and depth == 0:
            return source[place + 1 : end].replace(_NOTHING, ""), end + 1
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            break
    raise InputError(f"{where}: the {source[place]} of the mark isn't closed")


def _options(source: str, where: str) -> tuple[tuple[str, str], ...]:
    """Options in a list with commas, of which those in braces belong to a value."""
    found: dict[str, str] = {}
    for part in re.findall(r"(?:[^,{}]|\{[^{}]*\})+", source):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if not name:
            if value or part.strip():
                raise InputError(f"{where}: {part.strip()!r} is no option; write name=value")
            continue
        if name in found:
            raise InputError(f"{where}: the option {name} stands twice")
        if value.startswith("{") and value.endswith("}"):
            value = value[1:-1].strip()
        if "{" in value or "}" in value:
            raise InputError(f"{where}: the braces of {name} don't enclose its value")
        found[name] = value
    return tuple(found.items())


# Deriving ----------------------------------------------------------------------------------------


def _fragment(mark: Mark, root: Path, derived: dict[object, Any]) -> tuple[str, str]:
    """The prefix of the labels of a mark's fragment, and its source."""
    from derive.exporters import latex

    options = dict(mark.options)
    request = read_request(mark.name, options, others=_OWN)
    if request.asked not in derived:
        derived[request.asked] = checked(derivation_of(request.asked, root))
    derivation = derived[request.asked]
    label = request.label or derivation.problem.name
    source = latex.export(
        derivation,
        fragment=True,
        label=label,
        columns=read_whole("columns", options.get("columns", "1")),  # type: ignore[arg-type]  # checked
        steps=read_switch("steps", options.get("steps", "no")),
        worksheet=read_switch("worksheet", options.get("worksheet", "no")),
        titled=not read_switch("untitled", options.get("untitled", "no")),
        **request.printed(),
    )
    return label, source


# The file with the definitions -------------------------------------------------------------------


def _definitions(parts: Mapping[str, list[tuple[str, str]]]) -> str:
    """The source of the file, with a part for each main file; its name can hold any character."""
    source = _DEFINITIONS
    for name in sorted(parts):
        source += f"% The marks of {json.dumps(name)}\n"
        for key, stem in parts[name]:
            source += rf"\derive@fragment{{{key}}}{{{FOLDER}/{stem}}}" + "\n"
    return source + "\\makeatother\n"


def _parts_of_others(folder: Path, main: Path) -> dict[str, list[tuple[str, str]]]:
    """What the other main files of the folder use: of those that are still there, the fragments
    that are still there."""
    parts: dict[str, list[tuple[str, str]]] = {}
    content = _content(folder / _MARKS)
    name = ""
    for line in content.splitlines() if content.startswith(HEADER) else ():
        if part := _PART.fullmatch(line):
            name = _read_name(part[1])
            continue
        entry = _ENTRY.fullmatch(line)
        if name and entry and _content(folder / f"{entry[2]}.tex").startswith(HEADER):
            parts.setdefault(name, []).append((entry[1], entry[2]))
    return {
        name: entries
        for name, entries in parts.items()
        if name != main.name and (main.parent / name).is_file()
    }


def _read_name(written: str) -> str:
    """The name of a main file; nothing if somebody changed it to what is none."""
    try:
        name = json.loads(written)
    except ValueError:
        return ""
    return name if isinstance(name, str) and Path(name).name == name and "\0" not in name else ""


# Writing -----------------------------------------------------------------------------------------


def _check_folder(folder: Path, root: Path) -> None:
    """That nothing is written outside the folder of the main file."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; the fragments need a folder of that name")
    if folder.resolve() != root.resolve() / FOLDER:
        raise InputError(f"{folder} leads out of the folder of the main file")


def _written(folder: Path, contents: Mapping[str, str], kept: Collection[str]) -> Filled:
    """Write what has changed, and remove what is ours and no longer asked for; ``kept`` are the
    names of fragments that other documents use."""
    present = {file.name: _content(file) for file in _files(folder)}
    for name in contents:
        if name in present and not present[name].startswith(HEADER):
            raise InputError(f"{folder / name} is there already, and wasn't made by derive tex")
    written = []
    for name in sorted(contents):
        if present.get(name) == contents[name]:
            continue
        write_whole(folder / name, contents[name])
        written.append(folder / name)
    removed = []
    for name, content in present.items():
        if name not in contents and name not in kept and content.startswith(HEADER):
            (folder / name).unlink()
            removed.append(folder / name)
    return Filled(tuple(written), tuple(removed))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.tex")) if folder.is_dir() else []


def _content(file: Path) -> str:
    """What a file holds; a link is never followed, so that nothing is written through it."""
    if file.is_symlink() or not file.is_file():
        return ""
    return file.read_bytes().decode("utf-8", errors="replace")
