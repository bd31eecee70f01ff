"""What is wrong with an expression: one line that says so, and a caret under the place."""

from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

from domain.errors import BadInput

ENGLISH = {
    "character": "`{found}` is no sign of this language",
    "unexpected": "`{found}` does not fit here",
    "ended": "it ends where something should follow",
    "empty": "there is nothing in it; write a rule such as tier = gold",
    "quote": "the quotation mark is never closed",
    "too_long": "it is longer than {most} letters",
    "too_many": "it has more than {most} conditions",
    "too_deep": "brackets and not are nested deeper than {most}",
    "too_many_values": "the list has more than {most} values",
    "unknown_field": "there is no field `{found}`",
    "unknown_value": "`{field}` is never `{found}`; it is one of {choices}",
    "no_yes_no": "`{field}` is no yes or no; compare it with something",
    "yes_no": "`{field}` is a yes or no; write it alone, or with not before it",
    "operator": "`{field}` cannot be used with `{found}`; it knows {choices}",
    "wants_text": "`{field}` is compared with a text, not with {found}",
    "wants_number": "`{field}` is compared with a number, not with {found}",
    "wants_moment": "`{field}` is compared with a date such as 2026-11-30 or a span such as 60d, not with {found}",
    "wants_span": "`{field}` takes a span such as 7d, not {found}",
    "whole_number": "`{field}` is a whole number",
    "digits": "`{field}` knows at most {most} digits after the point",
    "number_range": "{found} is too great a number",
    "span_range": "a span is from 0 to {most} days",
    "date": "{found} is no date of the calendar",
    "window": "`{field}` takes no span in brackets",
    "wants_key": "`{field}` needs to be told which: {choices}",
    "no_key": "`{field}` has no part `{found}`",
    "unknown_segment": "there is no saved segment `{found}`",
    "cycle": "the segment `{found}` would contain itself",
}
"""For the command line and the log; people in the chat read the same from the catalogues (``segments.error.*``)."""


_NEAR = 60
"""So many letters before and after a fault are shown with it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an expression something stands; columns count from 1."""

    column: int
    length: int = 1


class SegmentError(BadInput):
    """An expression that cannot be read; ``suggestion`` is what was probably meant."""

    def __init__(
        self, key: str, expression: str, place: Place, *, suggestion: str | None = None, **values: Any
    ) -> None:
        self.key = key
        self.expression = expression
        self.place = place
        self.suggestion = suggestion
        self.values = values
        super().__init__("\n".join([self._line(), *self.picture]))

    def _line(self) -> str:
        meant = f"; did you mean `{self.suggestion}`?" if self.suggestion else ""
        return f"segment, column {self.place.column}: {ENGLISH[self.key].format(**self.values)}{meant}"

    @property
    def picture(self) -> tuple[str, str]:
        """The line in which the fault is, as far as it is near, and a line of carets under it."""
        at = self.place.column - 1
        start = max(self.expression.rfind("\n", 0, at) + 1, at - _NEAR)
        end = self.expression.find("\n", at)
        shown = self.expression[start : min(end if end >= 0 else at + _NEAR, at + _NEAR)]
        line = "".join(sign if sign.isprintable() else " " for sign in shown)
        before, under = line[: at - start], line[at - start :][: self.place.length] or " "
        return f"  {line}".rstrip(), f"  {' ' * _width(before)}{'^' * _width(under)}"


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes; Chinese and full-width signs take two."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)
