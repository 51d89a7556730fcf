"""The catalogues of translations: ``python -m derive.sphinx.catalogue`` writes them anew.

``derive/locale/derive.pot`` lists what there is to translate; it is made from the rules, from
:mod:`derive.sphinx.messages` and from the catalogue of problems. A translator keeps
``derive/locale/LANGUAGE/LC_MESSAGES/derive.po``, from which the ``.mo`` beside it is made. Both are
the same bytes wherever they are made.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from derive.errors import InputError

__all__ = ["LOCALE", "compiled", "main", "messages", "read", "template"]

#: The folder of the catalogues.
LOCALE = Path(__file__).parents[1] / "locale"

_HEADER = """\
# What derive prints in documentation builds.
# Distributed under the same licence as derive itself.
#
msgid ""
msgstr ""
"Project-Id-Version: derive\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
_UNESCAPED = {written: sign for sign, written in _ESCAPES.items()}


def messages() -> dict[str, str]:
    """What there is to translate, each with what it is.

    >>> messages()["chain rule"]
    'the name of a rule'
    """
    found: dict[str, str] = {}
    for message, kind in _all():
        if re.search(r"[^\W\d_]{2,}", re.sub(r"\{\w+\}", "", message)):
            found.setdefault(message, kind)
    return found


def _all() -> Iterator[tuple[str, str]]:
    from derive.rules import RULES
    from derive.sphinx.messages import CONTROLS, PROSE

    own = set(PROSE)
    for rule in RULES.values():
        if not re.fullmatch(r"derivative of \S+", rule.name):  # these are one template
            yield rule.name, "the name of a rule"
            yield rule.meaning, f"the meaning of the rule: {rule.name}"
    for message in PROSE:
        yield message, "prose"
    for message in CONTROLS:
        yield message, "the controls of a page"
    for message, kind in _problems():
        if message not in own:
            yield message, kind


def _problems() -> Iterator[tuple[str, str]]:
    """The words of the problems in the catalogue."""
    from derive.catalogue import NAMES, load
    from derive.document.build import words
    from derive.document.model import Inline

    def message(parts: Iterable[Inline]) -> str:
        number = 0
        text = ""
        for part in parts:
            text += part if isinstance(part, str) else f"{{{number}}}"
            number += not isinstance(part, str)
        return text

    for name in NAMES:
        problem = load(name)
        kind = f"a problem of the catalogue: {name}"
        yield problem.title, kind
        if problem.summary:
            yield problem.summary, kind
        meanings = (
            *(each.meaning for each in problem.inputs),
            *(each.meaning for each in problem.functions),
            *(each.meaning for each in problem.definitions),
        )
        for meaning in filter(None, meanings):
            yield message(words(meaning, problem)), kind
        for fact in problem.facts:
            yield fact.reason, kind


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(sign, sign) for sign in text) + '"'


def template(translations: Mapping[str, str] | None = None) -> str:
    """The text of the ``.pot``, or of a ``.po`` with the translations that there are."""
    known = translations or {}
    parts = [_HEADER if "" not in known else _with_header(known[""])]
    for message, kind in messages().items():
        parts.append(
            f"#. {kind}\nmsgid {_quoted(message)}\nmsgstr {_quoted(known.get(message, ''))}\n"
        )
    return "\n".join(parts)


def _with_header(header: str) -> str:
    comment = _HEADER.partition('msgid ""')[0]
    lines = "\n".join(_quoted(line) for line in header.splitlines(keepends=True))
    return f'{comment}msgid ""\nmsgstr ""\n{lines}\n'


def read(text: str) -> dict[str, str]:
    r"""The messages of a ``.po`` with their translations.

    Raises:
        InputError: a line is none of a ``.po``, or a message is there twice.

    >>> read('msgid "yes"\nmsgstr ""\n"ja"\n')
    {'yes': 'ja'}
    """
    found: dict[str, str] = {}
    fields: dict[str, str] = {}
    current = ""
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        match = re.fullmatch(r'(msgid |msgstr |)"((?:[^"\\]|\\.)*)"', line.strip())
        if match is None:
            if line.strip() and not line.startswith("#"):
                raise InputError(f"line {number} of a catalogue cannot be read: {line[:60]!r}")
            if fields:
                message = fields["msgid"]
                if message in found:
                    raise InputError(f"{message[:60]!r} is in a catalogue twice")
                found[message] = fields["msgstr"]
                fields = {}
            continue
        current = match[1].strip() or current
        plain = re.sub(r"\\.", lambda sign: _UNESCAPED.get(sign[0], sign[0]), match[2])
        fields[current] = fields.get(current, "") + plain
    return found


def compiled(translations: Mapping[str, str]) -> bytes:
    """The ``.mo`` of the translations, without those that are empty.

    >>> compiled({"yes": "ja"})[:4].hex()
    'de120495'
    """
    pairs = sorted((each.encode(), text.encode()) for each, text in translations.items() if text)
    count = len(pairs)
    start = 28 + 16 * count
    tables: list[list[int]] = [[], []]
    texts = b""
    for side in (0, 1):
        for pair in pairs:
            tables[side] += [len(pair[side]), start + len(texts)]
            texts += pair[side] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, start)
    return head + struct.pack(f"<{4 * count}I", *tables[0], *tables[1]) + texts


def main() -> None:
    """Write the ``.pot``, bring each ``.po`` into step with it, and compile it."""
    from derive.files import write_whole

    write_whole(LOCALE / "derive.pot", template())
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/derive.po")):
        known = read(path.read_text(encoding="utf-8"))
        write_whole(path, template(known))
        kept = {each: known[each] for each in ("", *messages()) if each in known}
        write_whole(path.with_suffix(".mo"), compiled(kept))


if __name__ == "__main__":
    main()
