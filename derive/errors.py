"""The errors a user can meet. Every one is a single clear sentence that names the culprit."""

from __future__ import annotations

__all__ = ["CheckFailed", "DeriveError", "InputError", "Unsupported"]


class DeriveError(Exception):
    """Base of every error that ``derive`` raises on purpose.

    >>> try:
    ...     raise InputError("there is no 'x'")
    ... except DeriveError as error:
    ...     print(error)
    there is no 'x'
    """


class InputError(DeriveError):
    """What was asked cannot be read: an unknown name, a shape that doesn't fit, a bad size."""


class Unsupported(DeriveError):
    """What was asked is understood, but cannot be derived; the message names the subexpression."""


class CheckFailed(DeriveError):
    """A check found a difference; the message gives rule, before, after, values and seed."""
