"""Segments: a readable rule that says which customers are meant; read, checked, written back; pure."""

from domain.segments.errors import SegmentError
from domain.segments.reading import parse
from domain.segments.tree import Segment
from domain.segments.vocabulary import Vocabulary
from domain.segments.writing import format_segment

__all__ = ["Segment", "SegmentError", "Vocabulary", "format_segment", "parse"]
