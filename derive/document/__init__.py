"""A derivation laid out once, as a document that every exporter prints."""

from derive.document.build import PARTS, LayoutChoice, build, why
from derive.document.model import Document

__all__ = ["PARTS", "Document", "LayoutChoice", "build", "why"]
