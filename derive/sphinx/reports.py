"""What a build is told: what was derived, and what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.util import logging

from derive.asked import Asked
from derive.cache import NameUnknown, derivation_of
from derive.errors import CheckFailed, DeriveError, Unsupported
from derive.sphinx.ahead import Outcome, cache_of

if TYPE_CHECKING:
    from sphinx.environment import BuildEnvironment

    from derive.gradients import Derivation

__all__ = ["derived", "note_file", "report", "tell"]

logger = logging.getLogger(__name__)

#: The subtype of the warning for each kind of error; any other is a bad option.
_SUBTYPES: tuple[tuple[type[DeriveError], str], ...] = (
    (NameUnknown, "name"),
    (CheckFailed, "check"),
    (Unsupported, "unsupported"),
)


def derived(asked: Asked, env: BuildEnvironment, location: Any) -> Derivation:
    """The derivation that is asked for; the page depends on the files it is made from.

    Raises:
        DeriveError: see :func:`derive.cache.derivation_of`.
    """
    note_file(asked, env)
    found = derivation_of(asked, Path(env.srcdir), cache_of(env))
    derivation = found.derivation
    tell(
        asked,
        Outcome(found.files, found.event, derivation.wrt, derivation.checks),
        env,
        location,
    )
    return derivation


def note_file(asked: Asked, env: BuildEnvironment) -> None:
    """The page depends on the file it names, also where that is wrong, or not there yet: mending it
    rebuilds the page."""
    place = asked.target.rpartition(":")[0]
    if place.endswith(".py"):
        env.note_dependency(place)


def tell(asked: Asked, outcome: Outcome, env: BuildEnvironment, location: Any) -> None:
    """Tell a build what was derived, from which files, and which checks could not run."""
    for path in outcome.files:
        env.note_dependency(str(path))
    if outcome.event != "read":
        again = " again, since its cache entry could not be read" * (outcome.event == "remade")
        by = " by " + ", ".join(outcome.wrt)
        logger.info("derive: derived %s%s%s", asked.target, by, again, location=location)
    unsettled = [each for each in outcome.checks if each.status != "passed"]
    if unsettled:
        logger.warning(
            "%s: %d of %d checks could not run: %s",
            asked.target,
            len(unsettled),
            len(outcome.checks),
            unsettled[0].message or unsettled[0].about,
            location=location,
            type="derive",
            subtype="check",
        )


def report(error: DeriveError, location: Any, subtype: str = "") -> str:
    """Warn of an error, and return its message for the page."""
    found = next((name for kind, name in _SUBTYPES if isinstance(error, kind)), "option")
    message = " ".join(str(error).split())
    logger.warning("%s", message, location=location, type="derive", subtype=subtype or found)
    return message
