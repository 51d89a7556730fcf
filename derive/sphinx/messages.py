"""The words that a derivation is printed with, in another language.

A message is what stands between the formulas of a sentence, with a number in braces for each of
them: ``The derivative by {0}:``. Most sentences are composed, so the catalogue translates pieces:
a *template* may hold names in braces, each of which stands for a part of the message.

- ``{0}``, ``{1}``: a formula or a reference;
- ``{any}``: a part that must itself be translated, or hold no word;
- ``{words}``: a part that is translated if it can be, such as an author's own words;
- ``{rule}``: the name of a rule;
- ``{number}``, ``{name}``, ``{sizes}``: numbers, names and sizes such as ``m = 1, 2``, which stay.

What has no translation stays in English, as authors' own words do: these are a matter of Sphinx's
``gettext`` builder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

__all__ = ["CONTROLS", "PROSE", "TEMPLATES", "Translator", "is_translated", "translated"]

#: What the controls of a page are called.
CONTROLS = ("layout", "show", "both", "all", "Equations", "Table", "Link to this equation")

#: Sentences, headings and the words of tables.
PROSE = (
    # The result
    "**Result.**",
    "**Result.** For every number {0} of examples,",
    "**Result.** For every number {0} of examples and every {any},",
    "**Result.** For every {any},",
    # The cost
    "The cost",
    "The stage {0}",
    "The quantities, in the order in which they are computed:",
    "symbol",
    "shape",
    "role",
    "meaning",
    "data",
    "parameter",
    "hyperparameter",
    "function",
    "{number} argument",
    "{number} arguments",
    "any smooth function",
    "positive",
    "between 0 and 1",
    "0 or 1",
    "{words}, positive",
    "{words}, between 0 and 1",
    "{words}, 0 or 1",
    "the derivative {0}",
    "Assumed:",
    # The small case
    "The small case, written out: {any}",
    "The component {0} stands for all.",
    "The component {0} stands for all those off the diagonal.",
    "First the local derivatives, the same for every example {0}.",
    "In the same way, by {0}:",
    "Now the cost, term by term:",
    "Now {0}, term by term:",
    # Any size
    "Any {0}",
    "Any size",
    "{any} holds for every example, and so for any number of them.",
    "{any} hold for every example, and so for any number of them.",
    "{any} holds as above.",
    "{any} hold as above.",
    "The derivative by {0}:",
    "The derivative of {0} by {1}:",
    "{0} is 1 where its indices are equal and 0 elsewhere (the Kronecker delta).",
    # Kinks
    (
        "{0} has a kink where {1}, and no derivative there; the derivative is that off the kink, "
        "in which {2} counts as {3} where it jumps"
    ),
    "{0} is 1 where the index lies in its range and 0 elsewhere (Iverson’s bracket).",
    "{0} is at least {1}, for {2} to lie inside",
    # Matrices
    "As matrices",
    "In the following, {any}.",
    "𝟏 is a vector of ones",
    "⊙ multiplies element by element",
    "⊘ divides element by element",
    "diag puts a vector on the diagonal of a matrix",
    "tr is the sum of the diagonal",
    "**Examples are rows.**",
    "**Examples are columns.**",
    "**Examples are rows.** {any}.",
    "**Examples are columns.** {any}.",
    "{0} is {1}",
    "for every {any}: {0}",
    "formula",
    "shapes",
    "examples are rows",
    "examples are columns",
    # Where each factor comes from
    "Where each factor comes from",
    "Where the {0} comes from",
    "The factors of {0}:",
    "The other factors of {0}:",
    "{0} has no other factors.",
    "{any} comes with {0}",
    "{any} come with {0}",
    "see {0}",
    "{0} is brought by {any}",
    "{0} is what the chain rule leaves of the loss; the mean's factor is not inside",
    (
        "the sum over {words} stands in the definition of {0}: every example adds its share, and "
        "the sum is differentiated term by term"
    ),
    "the sum over {words} comes with {0}",
    "the sum over {words} was brought by the chain rule",
    (
        "{0} stands in the definition of {any}: a constant factor passes through every derivative "
        "unchanged, so it stands in front of the gradient once"
    ),
    (
        "{0} stands in the definition of {any}: a constant factor passes through every derivative "
        "unchanged, so it stands in its own term alone"
    ),
    "{0} and of {1}",
    "{0} {any}",
    "is what differentiation leaves of the definition of {name}",
    "was brought by the {rule}, in {words}",
    "{any} meets {any2}",
    "{any} meets {any2}: {words}",
    "the {0} of the definition of {name}",
    "the {0} of the {rule}",
    "the {0} of an unknown place",
    # Two meanings
    (
        "**Two meanings of **{0}**.** Texts stack the derivatives of each loss in it, or those of "
        "the cost; both give {1}:"
    ),
    "of each loss",
    "of the cost",
    "one entry",
    "holds {0}",
    "yes",
    "no",
    "They are equal:",
    "**A common slip** is to close the sum too early: what is multiplied changes with the example.",
    "A counterexample: let {any} with {any2}.",
    "A counterexample, for instance with {words}: let {any} with {any2}.",
    "Then {0}, but the slip gives {any}, whichever example is taken outside.",
    # Why one divides
    "Why one divides by {0} at all",
    (
        "Without the division the gradient is {0} times as large and the largest step at which "
        "gradient descent is stable {1} times as small: the step has to be chosen anew for each "
        "number of examples."
    ),
    (
        "Measured by running the exported NumPy code on the first {words} of {number} examples "
        "generated from seed {number2}, at the same small random values of the parameters for "
        "every {words2}; to two significant digits."
    ),
    "{any} are the smooth functions that come with the code.",
    (
        "The sum is {words} times the mean; the gradient is the whole vector of the derivatives "
        "by {words2}, and the largest step of gradient descent is 2 divided by the largest "
        "eigenvalue of the Hessian at these values."
    ),
    (
        "The sum is {words} times the mean, in which the terms that belong to no example lose "
        "their 1/{words2} as well; the gradient is the whole vector of the derivatives by "
        "{words3}, and the largest step of gradient descent is 2 divided by the largest "
        "eigenvalue of the Hessian at these values."
    ),
    (
        "The sum is {words} times the mean, in which the terms that are not divided by {words2} "
        "are multiplied by it as well; the gradient is the whole vector of the derivatives by "
        "{words3}, and the largest step of gradient descent is 2 divided by the largest "
        "eigenvalue of the Hessian at these values."
    ),
    "gradient, sum",
    "gradient, mean",
    "largest step, sum",
    "largest step, mean",
    "none",
    # Checks
    "Checked",
    "what",
    "how",
    "outcome",
    "residual",
    "tolerance",
    "seed",
    "each step",
    "no step is left out",
    "the symmetry",
    "the small case",
    "the matrix forms",
    "the exported code",
    "both sides at random points",
    "each step starts where the last one ended",
    "the second derivative with its indices exchanged",
    "SymPy’s own derivative of the unrolled cost",
    "as printed, against the index form",
    "against finite differences of the cost",
    "{any}, {sizes}",
    "passed",
    "all {number} passed",
    "{number} of {number2} failed",
    "{number} of {number2} could not run",
    "exact",
    # At the margin
    "by {any}",
    "and so on",
    "definition of {any}",
    "read backwards",
    "since {words}",
    "cancel {0}",
    "common denominator {0}",
    "multiply out and cancel {0}",
    "multiply out and collect",
    "equal factors are a power",
    "the numbers add up to {0}",
    "the sign and the number stand in front",
    "numerator and denominator have a common factor",
    "the factor {0} is common",
    "the factor {0} is common to all terms",
    "the sign is taken inside",
    "constant factors stand in front",
    "the data stand behind",
    "sums may be exchanged",
    "the numerator before the denominator",
    "the positive term first",
    "the parentheses are taken away",
    "{0} does not depend on {words}",
    "the factor {0} does not depend on {1}",
    "the derivative of a sum is the sum of the derivatives",
    "the sum over {words} is finite: differentiate term by term",
    "numerator {0}",
    "denominator {0}",
    "each factor is differentiated in turn",
    "the exponent {0} comes down as a factor",
    "{0} and {1} are different variables",
    "{0} changes at the same rate as itself",
    "{0} is {1} only where the indices agree",
    "then of its argument",
    "{name} is any smooth function: its derivative keeps a name",
    "{0} depends on {1} through {any}",
    "{0} depends on {1} through {2} alone",
    "{0} alone depends on {1}",
    "{number} terms alike but for {words}: a sum",
    "only {words} contributes to the sum",
    "only {words} contributes to the sum, where it is in its range",
    "{0} is 1",
    "{0} is 0",
    "the sum of a sum is the sum of the sums",
    "{0} equal terms",
    # Rules, for which see also the names and the laws of the rules themselves
    "derivative of {name}",
    "The derivative of {name} times the derivative of its argument.",
    "body of",
    "is given",
    # Lists
    "{any} and {any2}",
    "{any} or {any2}",
)

_HOLE = re.compile(r"\{(\d+|[a-z]+\d?)\}")
_FORMULA = re.compile(r"\{(\d+)\}")
_KINDS = {
    "any": r".+?",
    "words": r".+?",
    "rule": r"[^{}:,]+?",
    "number": r"[\d,]+",
    "name": r"\S+",
    "sizes": r"\w+ = \d+(?:, (?:\w+ = )?\d+)*",
}
_SENTENCES = re.compile(r"(?<=\.) (?=[A-Z{*])")
_WORD = re.compile(r"[^\W\d_]{2,}")

#: The templates, those with the most words first.
TEMPLATES: tuple[str, ...] = tuple(
    sorted(
        (message for message in PROSE if _HOLE.search(message)),
        key=lambda message: (-len(_HOLE.sub("", message)), message),
    )
)


class Translator:
    """Translates messages by a function that translates a piece, or returns it as it is.

    >>> pieces = {"by {any}": "nach {any}", "{any} and {any2}": "{any} und {any2}"}
    >>> german = Translator(lambda piece: pieces.get(piece, piece))
    >>> german("by {3}, {1} and {0}")
    'nach {3}, {1} und {0}'
    >>> german("by way of an exception") is None
    True
    """

    def __init__(self, gettext: Callable[[str], str]) -> None:
        self.gettext = gettext

    def __call__(self, message: str) -> str | None:
        """The translation; ``None`` if there is none of all of it."""
        if not _has_words(message):
            return message
        return (
            self.exact(message)
            or self.joined(_SENTENCES.split(message), " ")
            or self.named(message)
            or self.composed(message)
            or self.joined(message.split(", "), ", ")
        )

    def exact(self, message: str) -> str | None:
        """By the entry of the message itself, whatever numbers its formulas have."""
        places = list(dict.fromkeys(_FORMULA.findall(message)))
        canonical = _FORMULA.sub(lambda match: f"{{{places.index(match[1])}}}", message)
        found = self.gettext(canonical)
        if found == canonical:
            return None
        return _FORMULA.sub(lambda match: f"{{{places[int(match[1])]}}}", found)

    def composed(self, message: str) -> str | None:
        """By a template, and what goes into its holes."""
        for template in TEMPLATES:
            match = _pattern(template).fullmatch(message)
            if match is None:
                continue
            found = self.gettext(template)
            parts = self.parts(match.groupdict())
            if parts is not None and (found != template or not _has_words(template)):
                return _HOLE.sub(lambda hole, parts=parts: parts[hole[1]], found)  # type: ignore[misc]
        return None

    def parts(self, found: dict[str, str]) -> dict[str, str] | None:
        """What goes into the holes; ``None`` where a part that must be translated can't be."""
        parts: dict[str, str] = {}
        for name, text in found.items():
            hole = name.removeprefix("formula")
            if name.startswith(("any", "rule", "words")):
                told = self(text)
                if told is None and not name.startswith("words"):
                    return None
                text = text if told is None else told
            elif name.startswith("number"):
                text = text.replace(",", "\N{NO-BREAK SPACE}")
            parts[hole] = text
        return parts

    def named(self, message: str) -> str | None:
        """``rule: reason``; the reason may be of several parts."""
        rule, colon, reason = message.partition(": ")
        if not colon:
            return None
        told = self.exact(rule) or self.composed(rule), self(reason)
        return None if None in told else f"{told[0]}: {told[1]}"

    def joined(self, pieces: list[str], joint: str) -> str | None:
        """Piece by piece, if there are several and each has a translation."""
        if len(pieces) < 2:
            return None
        told = [self(piece) for piece in pieces]
        return None if None in told else joint.join(map(str, told))


def _has_words(message: str) -> bool:
    """Whether there is anything to translate besides the letters of formulas."""
    return _WORD.search(_HOLE.sub("", message)) is not None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """What a template fits."""

    def written() -> Iterator[str]:
        end = 0
        for hole in _HOLE.finditer(template):
            yield re.escape(template[end : hole.start()])
            name = hole[1]
            if name.isdecimal():
                yield rf"(?P<formula{name}>\{{\d+\}})"
            else:
                yield rf"(?P<{name}>{_KINDS[name.rstrip('0123456789')]})"
            end = hole.end()
        yield re.escape(template[end:])

    return re.compile("".join(written()))


def is_translated() -> bool:
    """Whether there is a catalogue for the language of the build."""
    from gettext import GNUTranslations

    from sphinx.locale import get_translator

    return isinstance(get_translator("derive"), GNUTranslations)


def translated(message: str) -> str:
    """The message in the language of the build, or as it is."""
    if not is_translated():
        return message
    from sphinx.locale import get_translation

    told = Translator(get_translation("derive"))(message)
    return message if told is None else told
