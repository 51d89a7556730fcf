"""The statements of a function's body, in which nothing is computed twice."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from derive.numpy_code.code import Code

__all__ = ["WIDTH", "Statement", "rendered", "shared"]

#: The longest line that is written.
WIDTH = 100

#: Methods and functions that give another view of the same numbers, which costs nothing.
_VIEWS = frozenset({"transpose", "permute", "diagonal"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with the expressions in it.

    Attributes:
        expressions: what is computed, with the text before and behind each.
        before, after: whole lines around the expressions.
        defines: the variable, if the one expression is its value.
        indent: of the expressions.
        always: whether it is always run; what a conditional statement computes is not shared.
    """

    expressions: tuple[tuple[str, str, str], ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    defines: str | None = None
    indent: int = 4
    always: bool = True

    @classmethod
    def assignment(cls, name: str, code: Code) -> Statement:
        """``name = code``."""
        return cls(((f"{name} = ", code.text, ""),), defines=name)

    @classmethod
    def returned(cls, code: Code) -> Statement:
        """``return code``."""
        return cls((("return ", code.text, ""),))


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of an expression: where it is, and how many operations it has."""

    statement: int
    expression: int
    start: int
    end: int
    whole: bool
    weight: int


def shared(
    statements: Sequence[Statement], arrays: Collection[str], taken: Collection[str]
) -> list[Statement]:
    """The statements with a variable for each array that is computed in several places.

    Args:
        statements: in the order in which they run; no variable is assigned twice.
        arrays: the variables with axes. What is made of numbers alone is not worth a variable.
        taken: names that no new variable may have.

    >>> body = [Statement.returned(Code("(x + 1) @ w + (x + 1).sum(axis=1)"))]
    >>> print(*rendered(shared(body, {"x", "w"}, {"x", "w"})), sep="\\n")
        t1 = x + 1
        return t1 @ w + t1.sum(axis=1)
    """
    result = list(statements)
    names: list[str] = []
    while (parts := _heaviest(result, {*arrays, *names})) is not None:
        first = parts[0]
        owner = result[first.statement]
        if first.whole and owner.defines is not None:
            name, parts = owner.defines, parts[1:]
        else:
            name = f"shared_{len(names)}_"
            while name in taken:
                name += "_"
            names.append(name)
        text = _text(result, first)
        for part in reversed(parts):
            result[part.statement] = _put(result[part.statement], part, name)
        if name in names:
            result.insert(first.statement, Statement.assignment(name, Code(text)))
    return _numbered(result, names, taken)


def _heaviest(statements: Sequence[Statement], arrays: Collection[str]) -> list[_Part] | None:
    """All places of the largest expression that stands in several places, or ``None``."""
    found: dict[str, list[_Part]] = {}
    for number, statement in enumerate(statements):
        if not statement.always:
            continue
        for place, (_, text, _) in enumerate(statement.expressions):
            for key, part in _parts(text, number, place, arrays):
                found.setdefault(key, []).append(part)
    repeated = [parts for parts in found.values() if len(parts) > 1]
    if not repeated:
        return None
    parts = max(repeated, key=lambda each: each[0].weight)
    return sorted(parts, key=lambda part: (part.statement, part.expression, part.start))


def _parts(
    text: str, statement: int, expression: int, arrays: Collection[str]
) -> Iterator[tuple[str, _Part]]:
    tree = ast.parse(text, mode="eval").body
    for node in ast.walk(tree):
        if not isinstance(node, (ast.BinOp, ast.Call)) or _is_view(node):
            continue
        inside = list(ast.walk(node))
        if not any(isinstance(each, ast.Name) and each.id in arrays for each in inside):
            continue
        assert node.end_col_offset is not None
        where = (node.col_offset, node.end_col_offset)
        yield ast.dump(node), _Part(statement, expression, *where, node is tree, len(inside))


def _is_view(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _VIEWS
    )


def _text(statements: Sequence[Statement], part: _Part) -> str:
    text = statements[part.statement].expressions[part.expression][1]
    return text.encode()[part.start : part.end].decode()


def _put(statement: Statement, part: _Part, name: str) -> Statement:
    """The statement with a variable in place of a part; the parentheses around it go."""
    start, text, end = statement.expressions[part.expression]
    encoded = text.encode()
    before, after = encoded[: part.start].decode(), encoded[part.end :].decode()
    if before.endswith("(") and after.startswith(")") and not re.search(r"[\w\])]\($", before):
        before, after = before[:-1], after[1:]
    expressions = list(statement.expressions)
    expressions[part.expression] = (start, before + name + after, end)
    return replace(statement, expressions=tuple(expressions))


def _numbered(
    statements: Sequence[Statement], names: Sequence[str], taken: Collection[str]
) -> list[Statement]:
    """The new variables called ``t1``, ``t2``, … in the order in which they are computed."""
    order = [each.defines for each in statements if each.defines in names]
    final: dict[str, str] = {}
    for number, name in enumerate(order, start=1):
        wanted = f"t{number}"
        while wanted in taken:
            wanted += "_"
        final[str(name)] = wanted
    if not final:
        return list(statements)
    pattern = re.compile(rf"\b({'|'.join(final)})\b")

    def renamed(text: str) -> str:
        return pattern.sub(lambda match: final[match[0]], text)

    return [
        replace(
            each,
            expressions=tuple((renamed(a), renamed(b), c) for a, b, c in each.expressions),
            defines=final.get(each.defines or "", each.defines),
        )
        for each in statements
    ]


def rendered(statements: Sequence[Statement], indent: int = 0) -> list[str]:
    """The lines of the statements, ``indent`` further in than a function's body."""
    pad = " " * indent
    lines: list[str] = []
    for statement in statements:
        lines += [f"{pad}{line}" for line in statement.before]
        for start, text, end in statement.expressions:
            lines += _statement(start, text, end, statement.indent + indent)
        lines += [f"{pad}{line}" for line in statement.after]
    return lines


def _statement(start: str, text: str, end: str, indent: int) -> list[str]:
    """A statement on one line, or in parentheses on several if it is long."""
    line = f"{' ' * indent}{start}{text}{end}"
    if len(line) <= WIDTH:
        return [line]
    pad = " " * (indent + 4)
    return [
        f"{' ' * indent}{start}(",
        *(f"{pad}{part}" for part in _broken(text, WIDTH - indent - 4)),
        f"{' ' * indent}){end}",
    ]


def _broken(text: str, width: int) -> list[str]:
    """The expression in lines, broken before signs outside all parentheses; a part that is still
    too long, inside its parentheses."""
    if len(text) <= width:
        return [text]
    pieces = _split(text)
    if len(pieces) == 1:
        return _inside(text, width)
    return [line for piece in pieces for line in _inside(piece, width)]


def _split(text: str) -> list[str]:
    for signs in ((" + ", " - "), (" * ", " / ", " @ ")):
        pieces: list[str] = []
        depth = start = 0
        for place, character in enumerate(text):
            depth += character in "([{"
            depth -= character in ")]}"
            if depth == 0 and any(text.startswith(sign, place) for sign in signs):
                pieces.append(text[start:place].strip())
                start = place
        pieces.append(text[start:].strip())
        if len(pieces) > 1:
            return pieces
    return [text]


def _inside(text: str, width: int) -> list[str]:
    """A long part: its first parentheses with what they hold on lines of their own."""
    if len(text) <= width:
        return [text]
    first = re.match(r"(?:[-+*/@] )?-?\(", text)
    if first is None:
        return [text]
    depth = 0
    for place in range(first.end() - 1, len(text)):
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if depth == 0:
            inner = _broken(text[first.end() : place], width - 4)
            return [text[: first.end()], *(f"    {line}" for line in inner), text[place:]]
    return [text]
