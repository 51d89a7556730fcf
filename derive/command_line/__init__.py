"""The command ``derive``."""

from derive.command_line.main import main

__all__ = ["main"]
